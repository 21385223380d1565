/** The model at length: `npm run test:fuzz`. Ends within its limit however slow the machine is; `FUZZ_RUNS` asks for more or fewer runs. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { concurrent, earlierScene, earlierStep, sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, type Lanes, type LanesOptions, startLanes } from '../support/modelProperty.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4_000);
const LIMIT_MS = 600_000;

function over(options: Omit<LanesOptions, 'lanes'>, cutShare = 0): () => Lanes {
  let lanes: Lanes;
  beforeAll(async () => {
    lanes = await startLanes({ lanes: 6, ...options });
    lanes.proxy?.setChance(cutShare);
  });
  afterAll(() => lanes.close());
  return () => lanes;
}

describe('one command at a time', () => {
  const given = over({ nodes: ['present', 'present', 'present'] });
  test(
    'INV-1…9 long sequences do only what the rules allow',
    () => checkModel(given().lanes, { scene: sceneShape, step: singleStep, numRuns: RUNS, maxSteps: 120, isJudgingEvents: true }),
    LIMIT_MS,
  );
});

describe('several at once', () => {
  const given = over({ nodes: ['present', 'present', 'cut', 'cut'], seed: RUNS }, 0.03);
  test(
    'INV-1…9 commands under way at once with connections that are cut',
    () =>
      checkModel(given().lanes, {
        scene: sceneShape,
        step: concurrent(singleStep),
        numRuns: RUNS / 2,
        maxSteps: 60,
        isJudgingEvents: true,
      }),
    LIMIT_MS,
  );
});

describe('releases N and N−1', () => {
  const given = over({ nodes: ['present', '0.1.0', 'present', '0.1.0'] });
  test(
    'BEY-3 INV-1…8 nodes of two releases on the same state',
    () =>
      checkModel(given().lanes, {
        scene: earlierScene,
        step: concurrent(earlierStep),
        numRuns: RUNS / 2,
        maxSteps: 80,
        isJudgingEvents: false,
      }),
    LIMIT_MS,
  );
});
