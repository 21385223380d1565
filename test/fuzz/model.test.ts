/** The model property at length: `npm run test:fuzz`. */
import { afterAll, beforeAll, test } from 'vitest';
import { checkModel, type ModelWorld, startModelWorld } from '../support/modelProperty.ts';

let world: ModelWorld;
beforeAll(async () => {
  world = await startModelWorld();
});
afterAll(() => world.close());

test('INV-1…6 hold over thousands of runs and long sequences', () => checkModel(world, { numRuns: 2_000, maxSteps: 120 }), 1_800_000);
