/**
 * One run of a scenario: the real scripts on a real Redis, driven through the router in virtual time. The next thing to happen is either something that a
 * client or an agent does, or a deadline that a script has set; after each the log is read, and people react to what it tells. Nothing here knows who
 * should be given to whom. Rejects with `unavailable` when Redis is gone, with an Error when the engine refuses what it must not.
 */
import type { Logger } from '../../src/base/log.ts';
import { createEngine, type LogEntry, type RunningEngine } from '../index.ts';
import { logKey, partitionKey } from '../keys.ts';
import { type RawEntry, toLogEntry } from '../logEntry.ts';
import { Agenda } from './agenda.ts';
import { AgentPeople, type AgentStep } from './agentPeople.ts';
import { type Center, openCenter } from './center.ts';
import { ClientPeople, type ClientStep } from './clientPeople.ts';
import { Observer } from './observer.ts';
import { Random } from './random.ts';
import { midnightOf, type Scenario } from './scenario.ts';
import { type Arrival, drawTraffic } from './traffic.ts';

export interface RunOptions {
  /** Private to the simulation: its keys are left there. */
  readonly redisUrl: string;
  /** Prefix of every key; each run needs its own. */
  readonly prefix: string;
  readonly seed: number;
  readonly log: Logger;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RunProgress {
  /** Unix ms in virtual time. */
  readonly at: number;
  readonly came: number;
  readonly expected: number;
}

export interface RunFacts {
  readonly observer: Observer;
  readonly center: Center;
  readonly arrivals: readonly Arrival[];
  /** Log entries that were read. */
  readonly events: number;
}

export type Step = ClientStep | AgentStep;

/** What the people of a run stand on. */
export interface Stage {
  readonly scenario: Scenario;
  readonly engine: RunningEngine;
  readonly center: Center;
  readonly observer: Observer;
  readonly agenda: Agenda<Step>;
  readonly now: () => number;
}

const READ_AT_ONCE = 1_000;
/** So often the log is cut behind what was read. */
const TRIM_EVERY = 5_000;
/** Runs of the sweep at one moment, each of 50 deadlines, after which something does not end. */
const MOST_SWEEPS = 10_000;

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<RunFacts> {
  const { seed, log, prefix, redisUrl } = options;
  const midnight = midnightOf(scenario);
  const clock = { now: midnight + scenario.from };
  const chance = new Random(seed, 'scripts');
  const engine = await createEngine({
    redisUrl,
    nodeId: 'simulator',
    log,
    prefix,
    virtualNow: () => clock.now,
    chance: () => chance.text(),
  });
  try {
    const center = await openCenter(engine, scenario);
    const observer = new Observer(scenario, center);
    const arrivals = drawTraffic(scenario, seed);
    const stage: Stage = { scenario, engine, center, observer, agenda: new Agenda(), now: () => clock.now };
    const clients = new ClientPeople(stage, arrivals, seed);
    const agents = new AgentPeople(stage, arrivals, seed);
    const reader = new LogReader(engine, center.scope.partition);

    /** Reads what the last command did; people react. */
    async function observe(): Promise<void> {
      for (const entry of await reader.read()) {
        const told = observer.take(entry);
        clients.hear(told);
        agents.hear(told);
      }
    }

    const endAt = midnight + scenario.to;
    const lastAt = endAt + scenario.drainMin * 60_000;
    agents.begin();
    clients.begin();
    await observe();
    for (;;) {
      options.signal?.throwIfAborted();
      const nextAt = Math.min(stage.agenda.nextAt, reader.dueAt);
      if (nextAt > lastAt || (nextAt >= endAt && observer.open === 0)) break;
      clock.now = Math.max(clock.now, nextAt);
      if (reader.dueAt <= stage.agenda.nextAt) {
        await sweep(engine, center.scope.partition);
      } else {
        const step = stage.agenda.take();
        if (step?.by === 'client') await clients.perform(step);
        else if (step) await agents.perform(step);
      }
      await observe();
      await clients.tidy();
      options.onProgress?.({ at: clock.now, came: observer.fates.length, expected: arrivals.length });
    }
    return { observer, center, arrivals, events: reader.count };
  } finally {
    await engine.close('run over');
  }
}

/** Fires what is due now, as knocks and the worker's sweep do, without their delay. */
async function sweep(engine: RunningEngine, partition: number): Promise<void> {
  for (let count = 0; count < MOST_SWEEPS; count++) {
    const reply = await engine.core.commands.run('sweepPartition', partition, [0]);
    if (!Array.isArray(reply)) throw new Error('the sweep was refused');
    if (reply[3] !== 1) return;
  }
  throw new Error('deadlines that are due do not go away');
}

/** What the log says after an entry, and when the first offer and the first knock are due; in one go, because it is asked after every step. */
const READ = `
local function first(kind) return redis.call('ZRANGE', KEYS[1] .. ':due:' .. kind, 0, 0, 'WITHSCORES')[2] or '' end
return { redis.call('XRANGE', KEYS[1] .. ':log', '(' .. ARGV[1], '+', 'COUNT', ARGV[2]), first('offer'), first('knock') }`;

/** Reads the partition's log forward, and with it when the next deadline is due. */
class LogReader {
  readonly #engine: RunningEngine;
  readonly #partition: number;
  readonly #base: string;
  #lastId = '0-0';
  #trimmedAt = 0;
  count = 0;
  /** Unix ms; Infinity when nothing is due. */
  dueAt = Number.POSITIVE_INFINITY;

  constructor(engine: RunningEngine, partition: number) {
    this.#engine = engine;
    this.#partition = partition;
    this.#base = partitionKey(engine.core.prefix, partition);
  }

  async read(): Promise<LogEntry[]> {
    const { runner, prefix } = this.#engine.core;
    const read: LogEntry[] = [];
    for (;;) {
      const [entries, offer, knock] = (await runner.retrying(() => runner.redis.eval(READ, 1, this.#base, this.#lastId, READ_AT_ONCE))) as [
        RawEntry[],
        string,
        string,
      ];
      this.dueAt = Math.min(...[offer, knock].map((due) => (due === '' ? Number.POSITIVE_INFINITY : Number(due))));
      for (const entry of entries) read.push(toLogEntry(this.#partition, entry));
      this.#lastId = entries.at(-1)?.[0] ?? this.#lastId;
      if (entries.length < READ_AT_ONCE) break;
    }
    this.count += read.length;
    if (this.count - this.#trimmedAt >= TRIM_EVERY) {
      this.#trimmedAt = this.count;
      await runner.retrying(() => runner.redis.xtrim(logKey(prefix, this.#partition), 'MINID', this.#lastId));
    }
    return read;
  }
}
