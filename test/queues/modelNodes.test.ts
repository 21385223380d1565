/** Several commands under way at once through nodes whose connections are cut, and nodes of two releases on the same state. */
import { afterEach, expect, test } from 'vitest';
import { concurrent, earlierScene, earlierStep, sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, type Lanes, type LanesOptions, type Property, startLanes } from '../support/modelProperty.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 350);
const LIMIT_MS = 480_000;
const present = { scene: sceneShape, step: concurrent(singleStep), maxSteps: 25, isJudgingEvents: true };

let lanes: Lanes | undefined;
afterEach(() => lanes?.close());

/** Plays as many sequences as asked for on four lanes, each with nodes of these releases. */
async function play(options: Omit<LanesOptions, 'lanes'>, property: Omit<Property, 'numRuns' | 'seed'>, numRuns = RUNS): Promise<Lanes> {
  lanes = await startLanes({ lanes: 4, ...options });
  lanes.proxy?.setChance(0.02);
  const played = await checkModel(lanes.lanes, { ...property, numRuns, seed: 20_261_121 });
  expect(played.sequences).toBeGreaterThanOrEqual(numRuns);
  expect(played.accepted, JSON.stringify(played)).toBeGreaterThan(5 * numRuns);
  return lanes;
}

test(
  'INV-1…9 commands under way at once, connections cut before and after scripts, answers that never come: nothing is done twice or by halves',
  async () => {
    const { proxy } = await play({ nodes: ['present', 'mute', 'cut', 'cut'], seed: RUNS }, present);
    expect(proxy?.cuts.beforeScript).toBeGreaterThan(0);
    expect(proxy?.cuts.beforeReply).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test('INV-6 INV-8 RTE-1 searches cut short at every place, gone on with by any node', { timeout: LIMIT_MS }, async () => {
  await play({ nodes: ['short', 'short', 'present'] }, { ...present, step: singleStep }, RUNS / 2);
});

test('BEY-3 INV-1…9 nodes of 0.6.0 and of this release on the same state, with all that both know', { timeout: LIMIT_MS }, async () => {
  await play({ nodes: ['present', '0.6.0', 'present', '0.6.0'] }, present);
});

test('BEY-3 INV-1…8 nodes of 0.1.0 and of this release on the same state', { timeout: LIMIT_MS }, async () => {
  const earlier = { scene: earlierScene, step: concurrent(earlierStep), maxSteps: 40, isJudgingEvents: false };
  await play({ nodes: ['present', '0.1.0', 'present', '0.1.0'] }, earlier);
});
