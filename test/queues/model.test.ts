/** The engine against the model: a bounded number of runs here, many more in `test/fuzz`. */
import { afterAll, beforeAll, test } from 'vitest';
import { sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, type Lanes, startLanes } from '../support/modelProperty.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1_400);

let lanes: Lanes;
beforeAll(async () => {
  lanes = await startLanes({ lanes: 4, nodes: ['present', 'present', 'present'] });
});
afterAll(() => lanes.close());

test(
  'INV-1…9 any command by any node, doubled, late or out of order, does only what the rules allow',
  () =>
    checkModel(lanes.lanes, { scene: sceneShape, step: singleStep, numRuns: RUNS, seed: 20_261_121, maxSteps: 40, isJudgingEvents: true }),
  240_000,
);
