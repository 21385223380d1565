/**
 * BullMQ carries the knocks: at a deadline's time a worker asks the script to fire it. A knock is a hint — the deadline itself stands in
 * Redis under its token, so a knock that comes late, twice or never is harmless. Created by the engine (sending) and the worker role (answering).
 */

import { setTimeout as wait } from 'node:timers/promises';
import { type ConnectionOptions, DelayedError, Queue, Worker } from 'bullmq';
import type { Logger } from '../src/base/log.ts';
import type { Knock } from './commands.ts';
import { connectPatiently, type Redis } from './redis.ts';

const NAME = 'knocks';
/** Scripts go by Redis's clock; a knock a little late is better than one too early. */
const MARGIN_MS = 15;
const WATCH_MS = 3_000;
const STUCK_MS = 4_000;
const CONCURRENCY = 16;
const CLOSE_MS = 1_500;

interface KnockData {
  readonly partition: number;
  readonly member: string;
}

const prefixOf = (prefix: string) => `${prefix}{knocks}`;

/** BullMQ prints errors of a queue that nobody listens to; that Redis is away our own connections have said already. */
function openQueue(connection: Redis, prefix: string, log: Logger): Queue<KnockData> {
  const queue = new Queue<KnockData>(NAME, { connection: connection as ConnectionOptions, prefix: prefixOf(prefix) });
  queue.on('error', (error) => log.debug({ error: error.message }, 'knocks.queue'));
  return queue;
}

export interface KnockSender {
  send(knocks: readonly Knock[]): void;
  close(): Promise<void>;
}

export function createKnockSender(options: { redisUrl: string; prefix: string; log: Logger }): KnockSender {
  let queue: Queue<KnockData> | undefined;
  let connection: Redis | undefined;
  let sending: Promise<unknown> = Promise.resolve();
  return {
    send(knocks) {
      connection ??= connectPatiently(options.redisUrl);
      queue ??= openQueue(connection, options.prefix, options.log);
      const jobs = knocks.map((knock) => ({
        name: knock.kind,
        data: { partition: knock.partition, member: `${knock.kind}|${knock.id}|${knock.token}` },
        opts: {
          jobId: `${knock.kind}:${knock.id}:${knock.token}@${knock.dueMs}`,
          delay: Math.max(0, knock.inMs) + MARGIN_MS,
          removeOnComplete: true,
          removeOnFail: 100,
        },
      }));
      const sent = queue.addBulk(jobs).catch((error: unknown) => options.log.warn({ err: error, knocks: jobs.length }, 'knocks.unsent'));
      sending = Promise.all([sending, sent]).then(() => undefined);
    },
    async close() {
      await soon(sending);
      await soon(queue?.close());
      connection?.disconnect();
    },
  };
}

/** Waits for it, but not for a Redis that is away: its clients would wait without end. A failure to close is no failure here. */
async function soon(closing: Promise<unknown> | undefined): Promise<void> {
  const limit = new AbortController();
  await Promise.race([closing?.catch(() => undefined), wait(CLOSE_MS, undefined, { signal: limit.signal }).catch(() => undefined)]);
  limit.abort();
}

/** Fires a deadline; returns in how many ms to knock again, because it is not due yet by the partition's time; else 0. */
type Fire = (partition: number, member: string) => Promise<number>;

/** Answers knocks until closed. Its worker is watched by progress and rebuilt when overdue jobs stand still, as after a Redis restart. */
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
      NAME,
      async (job, token) => {
        const againInMs = await this.#fire(job.data.partition, job.data.member);
        this.#done++;
        if (againInMs === 0) return;
        await job.moveToDelayed(Date.now() + againInMs + MARGIN_MS, token);
        throw new DelayedError();
      },
      { connection: connection as ConnectionOptions, prefix: prefixOf(this.#prefix), concurrency: CONCURRENCY },
    );
    worker.on('error', (error) => this.#log.debug({ error: error.message }, 'knocks.worker'));
    return [worker, connection];
  }

  async #watch(): Promise<void> {
    const [first] = await this.#queue.getDelayed(0, 0);
    const waiting = await this.#queue.getWaitingCount();
    const isOverdue = waiting > 0 || (first !== undefined && first.timestamp + (first.opts.delay ?? 0) < Date.now() - 1_000);
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
