/** A Redis for simulations: private, and keeping nothing. And a scenario of one queue and one group, to be varied. */
import { createEngine, type Scope } from '../../queues/index.ts';
import { checkScenario, type Scenario, type SimulateOptions, type SimulationResult, simulate } from '../../queues/simulate/index.ts';
import type { RunFacts } from '../../queues/simulate/run.ts';
import type { QueueId } from '../../src/base/ids.ts';
import type { QueueFigures } from '../../src/protocol/views.ts';
import { askRedis } from '../../src/supervisor/redisProbe.ts';
import { testLog } from './engines.ts';
import { startTestRedis } from './services.ts';

export interface SimulationBench {
  /** Each on a clean Redis. `runs`: the facts of every repetition. */
  run(scenario: Scenario, options?: Pick<SimulateOptions, 'seed'>): Promise<{ result: SimulationResult; runs: RunFacts[] }>;
  /** What the engine itself has counted in the first repetition of the last run. @param at Unix ms of the virtual time at which it is asked */
  figures(scope: Scope, queue: QueueId, at: number): Promise<QueueFigures | undefined>;
  close(): Promise<void>;
}

export async function startSimulationBench(): Promise<SimulationBench> {
  const redis = await startTestRedis();
  await askRedis(redis.url, [['CONFIG', 'SET', 'appendonly', 'no']]);
  return {
    async run(scenario, options = {}) {
      await askRedis(redis.url, [['FLUSHALL']]);
      const runs: RunFacts[] = [];
      const onRun = (repetition: number, facts: RunFacts): void => {
        runs[repetition] = facts;
      };
      return { result: await simulate(scenario, { redisUrl: redis.url, log: testLog, onRun, ...options }), runs };
    },
    async figures(scope, queue, at) {
      const engine = await createEngine({ redisUrl: redis.url, nodeId: 'reader', log: testLog, prefix: 's0:', virtualNow: () => at });
      const figures = await engine.views.figures(scope, queue);
      await engine.close('read');
      return figures;
    },
    close: () => redis.stop(),
  };
}

/** @throws with what is wrong with it */
export function scenarioOf(raw: unknown, folder = '.'): Scenario {
  const reading = checkScenario(raw, folder);
  if (!reading.ok) throw new Error(reading.problems.join('\n'));
  return reading.scenario;
}

/** What is wrong with it; empty when nothing is. */
export function problemsOf(raw: unknown, folder = '.'): readonly string[] {
  const reading = checkScenario(raw, folder);
  return reading.ok ? [] : reading.problems;
}

/** A call queue served by `count` agents who answer at once; parts can be replaced. */
export function plainScenario({ queue = {}, agents = {}, ...rest }: { queue?: object; agents?: object; [key: string]: unknown } = {}) {
  return {
    name: 'plain',
    from: '08:00',
    to: '10:00',
    queues: [
      {
        id: 'calls',
        settings: { channel: 'voice', isAutoAccepted: true },
        arrivals: { perHour: 100 },
        handling: { exponential: 60 },
        ...queue,
      },
    ],
    agents: [{ name: 'team', count: 3, queues: ['calls'], ...agents }],
    ...rest,
  };
}
