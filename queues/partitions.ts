/**
 * Which partitions this worker process looks after: one worker per partition at a time, under a lease that a dead or stopped worker loses
 * within 5 s. Workers share evenly: each sees how many there are, takes what is free and gives back what is more than its part.
 * Created by `startRoutingWorkers`.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '../src/base/log.ts';
import { directoryKey, partitionKey, workersKey } from './keys.ts';
import type { ScriptRunner } from './redis.ts';

const HOLD_MS = 5_000;
const RENEW_MS = 1_500;

export class HeldPartitions {
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #holder: string;
  readonly #held = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: { runner: ScriptRunner; prefix: string; nodeId: string; log: Logger }) {
    this.#runner = options.runner;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#holder = `${options.nodeId}:${randomBytes(6).toString('hex')}`;
  }

  async start(): Promise<void> {
    await this.#renew();
  }

  /** Partitions held for certain: a process that was stopped past its hold has none until it renewed. */
  list(): number[] {
    const now = performance.now();
    return [...this.#held].filter(([, until]) => until > now).map(([partition]) => partition);
  }

  has(partition: number): boolean {
    return (this.#held.get(partition) ?? 0) > performance.now();
  }

  async #renew(): Promise<void> {
    const asked = performance.now();
    try {
      const inUse = (await this.#runner.retrying(() => this.#runner.redis.smembers(directoryKey(this.#prefix, 'partitions')))).map(Number);
      const part = await this.#part(inUse.length);
      await Promise.all(inUse.map((partition) => this.#hold(partition, asked)));
      await this.#giveUp([...this.#held.keys()].slice(part));
    } catch (error) {
      // What is held runs out by itself; the next turn asks again.
      this.#log.debug({ err: error }, 'partitions.unrenewed');
    }
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#renew(), RENEW_MS);
  }

  async #hold(partition: number, asked: number): Promise<void> {
    const held = await this.#runner.run('holdPartition', partitionKey(this.#prefix, partition), [this.#holder, HOLD_MS, 0]);
    if (held === 1) this.#held.set(partition, asked + HOLD_MS - 500);
    else this.#held.delete(partition);
  }

  /** How many of the partitions in use are this worker's: all over the workers there are. All of them while that cannot be told. */
  async #part(all: number): Promise<number> {
    const key = workersKey(this.#prefix);
    const now = Date.now();
    try {
      const answers = await this.#runner.redis
        .multi()
        .zadd(key, now + HOLD_MS, this.#holder)
        .zremrangebyscore(key, '-inf', now)
        .pexpire(key, HOLD_MS * 2)
        .zcard(key)
        .exec();
      return Math.ceil(all / Math.max(1, Number(answers?.[3]?.[1] ?? 1)));
    } catch (error) {
      this.#log.debug({ err: error }, 'partitions.uncounted');
      return all;
    }
  }

  async #giveUp(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#held.delete(partition);
    await Promise.allSettled(
      partitions.map((partition) => this.#runner.run('holdPartition', partitionKey(this.#prefix, partition), [this.#holder, HOLD_MS, 1])),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#runner.redis.zrem(workersKey(this.#prefix), this.#holder).catch(() => 0);
    await this.#giveUp([...this.#held.keys()]);
  }
}
