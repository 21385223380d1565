/** Several commands under way at once through nodes whose connections are cut, and nodes of two releases on the same state. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { concurrent, earlierScene, earlierStep, sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, type Lanes, startLanes } from '../support/modelProperty.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 350);
const LIMIT_MS = 480_000;

describe('nodes at once', () => {
  let lanes: Lanes;
  beforeAll(async () => {
    lanes = await startLanes({ lanes: 4, nodes: ['present', 'present', 'cut', 'cut'], seed: RUNS });
    lanes.proxy?.setChance(0.02);
  });
  afterAll(() => lanes.close());

  test(
    'INV-1…9 commands under way at once, connections cut before and after scripts: nothing is done twice or by halves',
    async () => {
      const played = await checkModel(lanes.lanes, {
        scene: sceneShape,
        step: concurrent(singleStep),
        numRuns: RUNS,
        seed: 20_261_121,
        maxSteps: 25,
        isJudgingEvents: true,
      });
      expect(played.sequences).toBeGreaterThanOrEqual(RUNS);
      expect(played.accepted, JSON.stringify(played)).toBeGreaterThan(5 * RUNS);
      expect(lanes.proxy?.cuts.beforeScript).toBeGreaterThan(0);
      expect(lanes.proxy?.cuts.beforeReply).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});

describe('releases N and N−1', () => {
  let lanes: Lanes;
  beforeAll(async () => {
    lanes = await startLanes({ lanes: 4, nodes: ['present', '0.3.0', 'present', '0.3.0'] });
  });
  afterAll(() => lanes.close());

  test(
    'BEY-3 INV-1…9 nodes of 0.3.0 and of this release on the same state, with all that both know',
    async () => {
      const played = await checkModel(lanes.lanes, {
        scene: sceneShape,
        step: concurrent(singleStep),
        numRuns: RUNS,
        seed: 20_261_121,
        maxSteps: 25,
        isJudgingEvents: true,
      });
      expect(played.sequences).toBeGreaterThanOrEqual(RUNS);
      expect(played.accepted, JSON.stringify(played)).toBeGreaterThan(5 * RUNS);
    },
    LIMIT_MS,
  );
});

describe('the present release and the first', () => {
  let lanes: Lanes;
  beforeAll(async () => {
    lanes = await startLanes({ lanes: 4, nodes: ['present', '0.1.0', 'present', '0.1.0'] });
  });
  afterAll(() => lanes.close());

  test(
    'BEY-3 INV-1…8 nodes of 0.1.0 and of this release on the same state',
    async () => {
      const played = await checkModel(lanes.lanes, {
        scene: earlierScene,
        step: concurrent(earlierStep),
        numRuns: RUNS,
        seed: 20_261_121,
        maxSteps: 40,
        isJudgingEvents: false,
      });
      expect(played.sequences).toBeGreaterThanOrEqual(RUNS);
      expect(played.accepted, JSON.stringify(played)).toBeGreaterThan(5 * RUNS);
    },
    LIMIT_MS,
  );
});
