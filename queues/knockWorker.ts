/**
 * Answers knocks until closed. Its BullMQ worker is watched by progress and rebuilt when overdue jobs stand still, as after a Redis restart.
 * Created by the worker role.
 */
import { type ConnectionOptions, DelayedError, type Queue, Worker } from 'bullmq';
import type { Logger } from '../src/base/log.ts';
import { KNOCKS, type KnockData, knockPrefix, MARGIN_MS, openQueue, soon } from './knocks.ts';
import { connectPatiently, type Redis } from './redis.ts';

const WATCH_MS = 3_000;
const STUCK_MS = 4_000;
const CONCURRENCY = 16;

/** Fires what is due; returns in how many ms to knock again, because its time has not come yet by the partition's; else 0. */
type Fire = (knock: KnockData) => Promise<number>;

export class KnockWorker {
  readonly #redisUrl: string;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #fire: Fire;
  readonly #connection: Redis;
  readonly #queue: Queue<KnockData>;
  #worker: Worker<KnockData>;
  #workerConnection: Redis;
  #stuckSince = 0;
  #done = 0;
  #doneBefore = 0;
  readonly #timer: NodeJS.Timeout;
  #watching: Promise<void> | undefined;
  rebuilt = 0;

  constructor(options: { redisUrl: string; prefix: string; log: Logger; fire: Fire }) {
    this.#redisUrl = options.redisUrl;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#fire = options.fire;
    this.#connection = connectPatiently(options.redisUrl);
    this.#queue = openQueue(this.#connection, options.prefix, options.log);
    [this.#worker, this.#workerConnection] = this.#build();
    this.#timer = setInterval(() => {
      this.#watching ??= this.#watch()
        .catch((error: unknown) => this.#log.debug({ err: error }, 'knocks.unwatched'))
        .finally(() => {
          this.#watching = undefined;
        });
    }, WATCH_MS);
  }

  #build(): [Worker<KnockData>, Redis] {
    const connection = connectPatiently(this.#redisUrl);
    const worker = new Worker<KnockData>(
      KNOCKS,
      async (job, token) => {
        const againInMs = await this.#fire(job.data);
        this.#done++;
        if (againInMs === 0) return;
        await job.moveToDelayed(Date.now() + againInMs + MARGIN_MS, token);
        throw new DelayedError();
      },
      { connection: connection as ConnectionOptions, prefix: knockPrefix(this.#prefix), concurrency: CONCURRENCY },
    );
    worker.on('error', (error) => this.#log.debug({ error: error.message }, 'knocks.worker'));
    return [worker, connection];
  }

  async #watch(): Promise<void> {
    // BullMQ's score is the time at which it is due, times 4,096. What a job says of itself is when it was to come at first.
    const [, score] = await this.#connection.zrange(this.#queue.toKey('delayed'), 0, 0, 'WITHSCORES');
    const waiting = await this.#queue.getWaitingCount();
    const isOverdue = waiting > 0 || (score !== undefined && Number(score) / 4_096 < Date.now() - 1_000);
    const isMoving = this.#done !== this.#doneBefore;
    this.#doneBefore = this.#done;
    if (!isOverdue || isMoving) {
      this.#stuckSince = 0;
      return;
    }
    if (this.#stuckSince === 0) this.#stuckSince = performance.now();
    if (performance.now() - this.#stuckSince < STUCK_MS) return;
    this.#log.warn({ waiting }, 'knocks.rebuilt');
    this.rebuilt++;
    this.#stuckSince = 0;
    const [worker, connection] = [this.#worker, this.#workerConnection];
    [this.#worker, this.#workerConnection] = this.#build();
    await worker.close(true).catch(() => undefined);
    connection.disconnect();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await soon(this.#watching);
    await soon(this.#worker.close());
    await soon(this.#queue.close());
    this.#workerConnection.disconnect();
    this.#connection.disconnect();
  }
}
