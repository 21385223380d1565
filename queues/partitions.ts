/**
 * Which partitions this worker process looks after: one worker per partition at a time, under a lease that a dead or stopped worker loses
 * within 5 s. Created by `startRoutingWorkers`.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '../src/base/log.ts';
import { directoryKey, partitionKey } from './keys.ts';
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
      const inUse = await this.#runner.retrying(() => this.#runner.redis.smembers(directoryKey(this.#prefix, 'partitions')));
      await Promise.all(inUse.map((partition) => this.#hold(Number(partition), asked)));
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

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const held = this.list();
    this.#held.clear();
    await Promise.allSettled(
      held.map((partition) => this.#runner.run('holdPartition', partitionKey(this.#prefix, partition), [this.#holder, HOLD_MS, 1])),
    );
  }
}
