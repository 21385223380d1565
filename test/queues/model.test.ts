/** The engine against the model: a bounded number of runs here, many more in `test/fuzz`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, type Lanes, startLanes } from '../support/modelProperty.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1_400);
/** Forty seconds of processor time; the rest is for machines that do other things. */
const LIMIT_MS = 480_000;

let lanes: Lanes;
beforeAll(async () => {
  lanes = await startLanes({ lanes: 4, nodes: ['present', 'present', 'present'] });
});
afterAll(() => lanes.close());

test('INV-1…9 any command by any node, doubled, late or out of order, does only what the rules allow', {
  timeout: LIMIT_MS,
}, async () => {
  const played = await checkModel(lanes.lanes, {
    scene: sceneShape,
    step: singleStep,
    numRuns: RUNS,
    seed: 20_261_121,
    maxSteps: 40,
    isJudgingEvents: true,
  });
  expect(played.sequences).toBe(RUNS);
  // Sequences that the rules refuse throughout, or never, would show nothing.
  expect(played.accepted, JSON.stringify(played)).toBeGreaterThan(5 * RUNS);
  expect(played.refused, JSON.stringify(played)).toBeGreaterThan(RUNS);
});
