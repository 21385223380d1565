/**
 * The model at length: `npm run test:fuzz`. Each part plays as many sequences as `FUZZ_RUNS` asks for (4,000; half of that where several nodes play at
 * once), or as fit into its share of `FUZZ_SEC` (1,500 seconds in all), whatever comes first: so it ends in time however slow the machine is.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { concurrent, earlierScene, earlierStep, sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, type Lanes, type LanesOptions, type Played, startLanes } from '../support/modelProperty.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4_000);
const PARTS = 5;
const SHARE_MS = (Number(process.env['FUZZ_SEC'] ?? 1_500) * 1_000) / PARTS;
/** The sequences under way are played to their end. */
const LIMIT_MS = SHARE_MS + 300_000;

function over(options: Omit<LanesOptions, 'lanes'>, cutShare = 0): () => Lanes {
  let lanes: Lanes;
  beforeAll(async () => {
    lanes = await startLanes({ lanes: 6, ...options });
    lanes.proxy?.setChance(cutShare);
  });
  afterAll(() => lanes.close());
  return () => lanes;
}

/** Whatever is foretold, most commands are carried out, and some refused. */
function judge(played: Played, asked: number): void {
  console.info(`${asked} sequences asked for, played: ${JSON.stringify(played)}`);
  expect(played.sequences).toBeGreaterThan(0);
  expect(played.accepted).toBeGreaterThan(played.sequences);
  expect(played.refused).toBeGreaterThan(0);
}

describe('one command at a time', () => {
  const given = over({ nodes: ['present', 'present', 'present'] });
  test('INV-1…9 long sequences do only what the rules allow', { timeout: LIMIT_MS }, async () => {
    const steps = { scene: sceneShape, step: singleStep, maxSteps: 120 };
    judge(await checkModel(given().lanes, { ...steps, numRuns: RUNS, limitMs: SHARE_MS, isJudgingEvents: true }), RUNS);
  });
});

describe('searches cut short', () => {
  const given = over({ nodes: ['short', 'present', 'short'] });
  test('INV-6 INV-8 RTE-1 what a freed agent is given is looked for a place at a time, by any node', { timeout: LIMIT_MS }, async () => {
    const steps = { scene: sceneShape, step: singleStep, maxSteps: 80 };
    judge(await checkModel(given().lanes, { ...steps, numRuns: RUNS / 2, limitMs: SHARE_MS, isJudgingEvents: true }), RUNS / 2);
  });
});

describe('several at once', () => {
  const given = over({ nodes: ['present', 'mute', 'cut', 'cut'], seed: RUNS }, 0.03);
  test('INV-1…9 commands under way at once, connections that are cut, answers that never come', { timeout: LIMIT_MS }, async () => {
    const steps = { scene: sceneShape, step: concurrent(singleStep), maxSteps: 60 };
    judge(await checkModel(given().lanes, { ...steps, numRuns: RUNS / 2, limitMs: SHARE_MS, isJudgingEvents: true }), RUNS / 2);
    expect(given().proxy?.cuts.beforeScript).toBeGreaterThan(0);
    expect(given().proxy?.cuts.beforeReply).toBeGreaterThan(0);
  });
});

describe('releases N and N−1', () => {
  const given = over({ nodes: ['present', '0.6.0', 'present', '0.6.0'] });
  test('BEY-3 INV-1…9 nodes of two releases on the same state, with all that both know', { timeout: LIMIT_MS }, async () => {
    const steps = { scene: sceneShape, step: concurrent(singleStep), maxSteps: 60 };
    judge(await checkModel(given().lanes, { ...steps, numRuns: RUNS / 2, limitMs: SHARE_MS, isJudgingEvents: true }), RUNS / 2);
  });
});

describe('the present release and the first', () => {
  const given = over({ nodes: ['present', '0.1.0', 'present', '0.1.0'] });
  test('BEY-3 INV-1…8 nodes of 0.1.0 and of this release on the same state', { timeout: LIMIT_MS }, async () => {
    const steps = { scene: earlierScene, step: concurrent(earlierStep), maxSteps: 80 };
    judge(await checkModel(given().lanes, { ...steps, numRuns: RUNS / 2, limitMs: SHARE_MS, isJudgingEvents: false }), RUNS / 2);
  });
});
