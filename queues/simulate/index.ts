/**
 * The simulator (BEY-2): a scenario's traffic and people on the real scripts, in virtual time, as often as it asks for. The same scenario and seed give the
 * same result. Needs a Redis of its own; `src/simulator/simulate.ts` is the command.
 */
import type { Logger } from '../../src/base/log.ts';
import { type Estimates, estimates, meanSeries } from './estimate.ts';
import { figuresOf, type GroupIntervals, type GroupResult, type QueueIntervals, type QueueResult, type RunFigures } from './figures.ts';
import { type RunFacts, type RunProgress, runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';

export type { Estimate } from './estimate.ts';
export type { GroupResult, QueueResult } from './figures.ts';
export type { RunFacts } from './run.ts';
export type { Scenario } from './scenario.ts';
export { midnightOf } from './scenario.ts';
export { checkScenario, readScenario } from './scenarioFile.ts';
export { clockText } from './times.ts';

/** What comes out. Figures are means over the repetitions; intervals begin at `fromMs` (after the first midnight, in the scenario's offset). */
export interface SimulationResult {
  readonly scenario: string;
  readonly seed: number;
  readonly repetitions: number;
  readonly formulas: { readonly serviceLevel: string; readonly occupancy: string };
  readonly all: Estimates<QueueResult>;
  readonly queues: readonly ({ readonly id: string; readonly serviceLevelSec: number } & Estimates<QueueResult>)[];
  readonly agents: readonly ({ readonly name: string; readonly count: number } & Estimates<GroupResult>)[];
  readonly intervals: {
    readonly fromMs: number;
    readonly widthMs: number;
    readonly all: QueueIntervals;
    readonly queues: readonly QueueIntervals[];
    readonly agents: readonly GroupIntervals[];
  };
}

export interface SimulateOptions {
  readonly redisUrl: string;
  readonly log: Logger;
  /** By default the scenario's. */
  readonly seed?: number;
  readonly onProgress?: (repetition: number, progress: RunProgress) => void;
  /** Facts of each repetition when it is over. */
  readonly onRun?: (repetition: number, facts: RunFacts) => void;
  readonly signal?: AbortSignal;
}

/** So many repetitions go side by side: while one waits for Redis another one thinks. */
const AT_ONCE = 3;

export async function simulate(scenario: Scenario, options: SimulateOptions): Promise<SimulationResult> {
  const seed = options.seed ?? scenario.seed;
  const runs = new Array<RunFigures | undefined>(scenario.repetitions).fill(undefined);
  let next = 0;
  async function work(): Promise<void> {
    for (let repetition = next++; repetition < scenario.repetitions; repetition = next++) {
      const facts = await runScenario(scenario, {
        redisUrl: options.redisUrl,
        prefix: `s${repetition}:`,
        // Far apart, so that the repetitions of neighbouring seeds are not the same.
        seed: seed + repetition * 1_000_003,
        log: options.log,
        onProgress: (progress) => options.onProgress?.(repetition, progress),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      options.onRun?.(repetition, facts);
      runs[repetition] = figuresOf(scenario, facts);
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, scenario.repetitions) }, work));
  return toResult(
    scenario,
    seed,
    runs.filter((run) => run !== undefined),
  );
}

function toResult(scenario: Scenario, seed: number, runs: readonly RunFigures[]): SimulationResult {
  const series = <Name extends string>(lists: readonly Readonly<Record<Name, (number | undefined)[]>>[]) =>
    Object.fromEntries(
      (Object.keys(lists[0] ?? {}) as Name[]).map((name) => [name, meanSeries(lists.map((list) => list[name]))]),
    ) as Record<Name, (number | undefined)[]>;
  const at = <Item>(list: readonly Item[], index: number): Item => list[index] as Item;
  return {
    scenario: scenario.name,
    seed,
    repetitions: scenario.repetitions,
    formulas: {
      serviceLevel: 'answered within the time / (answered + abandoned after the time)',
      occupancy: 'time with work in hand / time signed in and not paused',
    },
    all: estimates(runs.map((run) => run.all)),
    queues: scenario.queues.map((queue, index) => ({
      id: queue.id,
      serviceLevelSec: queue.settings.serviceLevelSec ?? 20,
      ...estimates(runs.map((run) => at(run.queues, index))),
    })),
    agents: scenario.agents.map((group, index) => ({
      name: group.name,
      count: group.count,
      ...estimates(runs.map((run) => at(run.groups, index))),
    })),
    intervals: {
      fromMs: scenario.from + scenario.warmUpMin * 60_000,
      widthMs: scenario.intervalMin * 60_000,
      all: series(runs.map((run) => ({ ...run.allIntervals }))),
      queues: scenario.queues.map((_, index) => series(runs.map((run) => ({ ...at(run.queueIntervals, index) })))),
      agents: scenario.agents.map((_, index) => series(runs.map((run) => ({ ...at(run.groupIntervals, index) })))),
    },
  };
}
