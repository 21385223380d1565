/**
 * Which partitions this worker process looks after: one worker per partition at a time, under a lease that a dead or stopped worker loses
 * within 5 s. Created by `startRoutingWorkers`.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from '../src/base/log.ts';
import { PARTITIONS, partitionKey } from './keys.ts';
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
    const answers = await Promise.allSettled(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        this.#runner.run('holdPartition', partitionKey(this.#prefix, partition), [this.#holder, HOLD_MS, 0]),
      ),
    );
    for (const [partition, answer] of answers.entries()) {
      if (answer.status === 'fulfilled' && answer.value === 1) this.#held.set(partition, asked + HOLD_MS - 500);
      else if (answer.status === 'fulfilled') this.#held.delete(partition);
    }
    if (answers.some((answer) => answer.status === 'rejected')) this.#log.debug('partitions.unrenewed');
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#renew(), RENEW_MS);
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
