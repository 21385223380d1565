/**
 * Fifty nodes in one process: each has a connection to Redis of its own and one call in flight. Created by the routing benchmark's load generator.
 * Work is given to whichever is free, first come first served.
 */
import { createEngine, type RunningEngine } from '../queues/index.ts';
import { createLogger } from '../src/base/log.ts';

type Job = (engine: RunningEngine) => Promise<void>;

export class Calls {
  readonly engines: readonly RunningEngine[];
  readonly #idle: RunningEngine[];
  #jobs: Job[] = [];
  #next = 0;
  /** Failures of jobs, by what they said. */
  readonly troubles = new Map<string, number>();

  private constructor(engines: readonly RunningEngine[]) {
    this.engines = engines;
    this.#idle = [...engines];
  }

  static async open(redisUrl: string, connections: number): Promise<Calls> {
    const log = createLogger('bench', 'warn');
    const open = (number: number): Promise<RunningEngine> => createEngine({ redisUrl, nodeId: `bench-${process.pid}-${number}`, log });
    return new Calls(await Promise.all(Array.from({ length: connections }, (_, number) => open(number))));
  }

  get first(): RunningEngine {
    return this.engines[0] as RunningEngine;
  }

  get isIdle(): boolean {
    return this.#idle.length === this.engines.length && this.#next === this.#jobs.length;
  }

  /** Runs it when a connection is free. What it throws is counted. */
  run(job: Job): void {
    const engine = this.#idle.pop();
    if (engine) void this.#work(engine, job);
    else this.#jobs.push(job);
  }

  /**
   * Runs the job for every number below `count`, over all connections; for building, with several calls in flight on each.
   * @throws what the first failing one throws
   */
  async each(count: number, job: (engine: RunningEngine, number: number) => Promise<void>, inFlight = 1): Promise<void> {
    let next = 0;
    const work = async (engine: RunningEngine): Promise<void> => {
      while (next < count) await job(engine, next++);
    };
    await Promise.all(this.engines.flatMap((engine) => Array.from({ length: inFlight }, () => work(engine))));
  }

  trouble(what: string): void {
    this.troubles.set(what, (this.troubles.get(what) ?? 0) + 1);
  }

  async #work(engine: RunningEngine, first: Job): Promise<void> {
    for (let job: Job | undefined = first; job; job = this.#take()) {
      try {
        await job(engine);
      } catch (error) {
        this.trouble(error instanceof Error ? error.message : String(error));
      }
    }
    this.#idle.push(engine);
  }

  #take(): Job | undefined {
    if (this.#next === this.#jobs.length) {
      this.#jobs = [];
      this.#next = 0;
      return undefined;
    }
    return this.#jobs[this.#next++];
  }
}
