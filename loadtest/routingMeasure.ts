/**
 * What a stretch of lives costs, from before its first command until everything it caused is done: wrap-ups and knocks over, history written.
 * So nothing is left to be paid after the measurement, and what the processes cost by merely being there meanwhile is in. Created by the routing benchmark.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'pg';
import { compareIds } from '../queues/logEntry.ts';
import type { Center } from '../test/support/center.ts';
import { readUsage, usageSince } from './processes.ts';
import type { RoutingGenerator } from './routingHandle.ts';
import type { LivesOrder, LivesRun } from './routingOrders.ts';
import { cpuSince, type RedisGauge } from './routingRedis.ts';

/** Deadlines later than this belong to what goes on waiting. */
const SOON_MS = 60_000;
const DRAIN_LIMIT_MS = 120_000;
/** BullMQ keeps a delayed job under its time × 4,096. */
const BULL_TIME_FACTOR = 4_096;

export interface Stretch {
  readonly lives: number;
  readonly livesPerSec: number;
  /** Processor time per life, in microseconds. */
  readonly redisUs: number;
  /** Of it, children of Redis that rewrite the append-only file. */
  readonly redisRewriteUs: number;
  /** All of ours: Redis, PostgreSQL, gateway, worker; without the load generator. */
  readonly cpuUs: number;
  readonly cpuUsByProcess: Readonly<Record<string, number>>;
  readonly generatorUs: number;
  readonly drainMs: number;
  readonly offerMs: readonly number[];
  readonly troubles: Readonly<Record<string, number>>;
}

export class Measurer {
  readonly #center: Center;
  readonly #gauge: RedisGauge;
  readonly #generator: RoutingGenerator;
  /** Processes that count besides Redis, by name; roots of their descendants. */
  readonly #processes: ReadonlyMap<string, number>;
  readonly #postgres: Pool;

  constructor(options: { center: Center; gauge: RedisGauge; generator: RoutingGenerator; processes: ReadonlyMap<string, number> }) {
    this.#center = options.center;
    this.#gauge = options.gauge;
    this.#generator = options.generator;
    this.#processes = options.processes;
    this.#postgres = new Pool({ connectionString: this.#center.databaseUrl, max: 1 });
  }

  async stretch(order: LivesOrder, partition: number): Promise<Stretch> {
    await this.drained(partition);
    await this.#gauge.untilNoRewrite();
    const roots = new Map([...this.#processes, ['generator', this.#generator.pid]]);
    const redisBefore = await this.#gauge.cpu();
    const before = readUsage(roots);
    const { run } = await this.#generator.order(order, 'lived');
    const drainMs = await this.drained(partition);
    const used = usageSince(before, readUsage(roots));
    const redisAfter = await this.#gauge.cpu();
    await this.#gauge.untilNoRewrite();
    const children = (await this.#gauge.cpu()).childrenUs - redisBefore.childrenUs;
    const generatorUs = used.get('generator')?.cpuUs ?? Number.NaN;
    used.delete('generator');
    const redis = cpuSince(redisBefore, redisAfter).selfUs + children;
    const byProcess = new Map([...used].map(([name, { cpuUs }]) => [name, cpuUs] as const)).set('redis', redis);
    return {
      lives: run.lives,
      livesPerSec: (run.livesInWindow * 1_000) / run.windowMs,
      redisUs: redis / run.lives,
      redisRewriteUs: children / run.lives,
      cpuUs: [...byProcess.values()].reduce((sum, us) => sum + us, 0) / run.lives,
      cpuUsByProcess: Object.fromEntries([...byProcess].map(([name, us]) => [name, Math.round(us / run.lives)])),
      generatorUs: generatorUs / run.lives,
      drainMs,
      offerMs: run.offerMs,
      troubles: troublesOf(run),
    };
  }

  /** Microseconds of Redis per call, and calls a second. */
  async nothing(lastsMs: number): Promise<{ redisUs: number; perSec: number }> {
    await this.#gauge.untilNoRewrite();
    const before = await this.#gauge.cpu();
    const { calls, windowMs } = await this.#generator.order({ do: 'noop', lastsMs }, 'called');
    return { redisUs: cpuSince(before, await this.#gauge.cpu()).selfUs / calls, perSec: (calls * 1_000) / windowMs };
  }

  /** Waits until no deadline is due soon, no knock is on its way and history holds the whole log of the partition. @returns how long it took */
  async drained(partition: number): Promise<number> {
    const startedAt = performance.now();
    for (;;) {
      const [open, isWritten] = await Promise.all([this.#openKnocks(partition), this.#isWritten(partition)]);
      const ms = performance.now() - startedAt;
      if (open === 0 && isWritten) return ms;
      if (ms > DRAIN_LIMIT_MS)
        throw new Error(`after ${DRAIN_LIMIT_MS / 1_000} s ${open} knocks are open, history is ${isWritten ? '' : 'not '}complete`);
      await wait(50);
    }
  }

  async #openKnocks(partition: number): Promise<number> {
    const { redis } = this.#gauge;
    const soon = Date.now() + SOON_MS;
    const counts = await Promise.all([
      redis.zcount('c:{knocks}:knocks:delayed', '-inf', soon * BULL_TIME_FACTOR),
      redis.llen('c:{knocks}:knocks:wait'),
      redis.llen('c:{knocks}:knocks:active'),
      redis.zcount(`c:{p${partition}}:due:knock`, '-inf', soon),
    ]);
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #isWritten(partition: number): Promise<boolean> {
    const [last] = await this.#gauge.redis.xrevrange(`c:{p${partition}}:log`, '+', '-', 'COUNT', 1);
    if (!last) return true;
    const { rows } = await this.#postgres.query<{ position: string }>('select position from reader_position where partition = $1', [
      partition,
    ]);
    return rows.length > 0 && rows.every(({ position }) => compareIds(position, last[0]) >= 0);
  }

  /** Memory of the logs that readers have yet to let go, in bytes. */
  async logBytes(partitions: readonly number[]): Promise<number> {
    const bytes = await Promise.all(
      partitions.map((partition) => this.#gauge.redis.memory('USAGE', `c:{p${partition}}:log`, 'SAMPLES', 0)),
    );
    return bytes.reduce<number>((sum, each) => sum + Number(each ?? 0), 0);
  }

  /** What the workers had to mend, by metric; all 0 in a valid run. */
  async repairs(): Promise<Record<string, number>> {
    const text = await (await fetch(`${this.#center.gateways[0]}/metrics`)).text();
    const counted: Record<string, number> = {};
    for (const name of ['repairs', 'lost_knocks', 'nodes_dropped', 'config_repairs', 'offers_expired', 'knock_workers_rebuilt']) {
      const values = [...text.matchAll(new RegExp(`^centralino_${name}_total\\{[^}]*\\} (\\d+)`, 'gm'))].map(([, value]) => Number(value));
      counted[name] = values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
    }
    return counted;
  }

  close(): Promise<void> {
    return this.#postgres.end();
  }
}

function troublesOf(run: LivesRun): Record<string, number> {
  const troubles: Record<string, number> = { ...run.troubles };
  if (run.servedAfter !== run.servedBefore) troubles[`served ${run.servedBefore} before, ${run.servedAfter} after`] = 1;
  return troubles;
}
