/**
 * BullMQ carries the knocks: at a deadline's time a worker asks the script to fire it. A knock is a hint — the deadline itself stands in
 * Redis under its token, so a knock that comes late, twice or never is harmless. Created by the engine; `knockWorker.ts` answers.
 *
 * One job is for all deadlines of a partition within a slot of 100 ms, because a job costs Redis more than the deadline itself (adding and running
 * one: 138 µs, a wrap-up's end: about 100). The script that sets the first deadline of a slot asks for it (`askKnock` in `scripts/lib/base.lua`);
 * the job fires whatever is due then, a part at a time. Deadlines that are due when they are set have a job of their own, at once.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type ConnectionOptions, Queue } from 'bullmq';
import type { Logger } from '../src/base/log.ts';
import type { Knock } from './commands.ts';
import { connectPatiently, type Redis } from './redis.ts';

export const KNOCKS = 'knocks';
/** Scripts go by Redis's clock; a knock a little late is better than one too early. */
export const MARGIN_MS = 5;
/** A job that failed, because its worker's lease had lapsed or Redis was away, comes again. */
const ATTEMPTS = 4;
const RETRY_MS = 300;
const CLOSE_MS = 1_500;

export interface KnockData {
  readonly partition: number;
  /** What is due till then, by the partition's time, is fired; 0 at once. */
  readonly until?: number;
  /** Of an earlier release: the deadline it was for. */
  readonly member?: string;
}

export const knockPrefix = (prefix: string) => `${prefix}{knocks}`;

/** BullMQ prints errors of a queue that nobody listens to; that Redis is away our own connections have said already. */
export function openQueue(connection: Redis, prefix: string, log: Logger): Queue<KnockData> {
  const queue = new Queue<KnockData>(KNOCKS, { connection: connection as ConnectionOptions, prefix: knockPrefix(prefix) });
  queue.on('error', (error) => log.debug({ error: error.message }, 'knocks.queue'));
  return queue;
}

/** Waits for it, but not for a Redis that is away: its clients would wait without end. A failure to close is no failure here. */
export async function soon(closing: Promise<unknown> | undefined): Promise<void> {
  const limit = new AbortController();
  await Promise.race([closing?.catch(() => undefined), wait(CLOSE_MS, undefined, { signal: limit.signal }).catch(() => undefined)]);
  limit.abort();
}

export class KnockSender {
  readonly #redisUrl: string;
  readonly #prefix: string;
  readonly #log: Logger;
  #queue: Queue<KnockData> | undefined;
  #connection: Redis | undefined;
  readonly #name = randomBytes(6).toString('base64url');
  #atOnce = 0;
  readonly #sending = new Set<Promise<unknown>>();

  constructor(options: { redisUrl: string; prefix: string; log: Logger }) {
    this.#redisUrl = options.redisUrl;
    this.#prefix = options.prefix;
    this.#log = options.log;
  }

  send(knocks: readonly Knock[]): void {
    this.#connection ??= connectPatiently(this.#redisUrl);
    this.#queue ??= openQueue(this.#connection, this.#prefix, this.#log);
    const jobs = knocks.map(({ partition, until, inMs }) => ({
      name: 'due',
      data: { partition, until },
      opts: {
        // A job that is there already is not added again. Those for at once never are the same: one that runs may have looked before.
        jobId: until > 0 ? `due:${partition}:${until}` : `now:${partition}:${this.#name}-${++this.#atOnce}`,
        delay: until > 0 ? inMs + MARGIN_MS : 0,
        attempts: ATTEMPTS,
        backoff: { type: 'fixed', delay: RETRY_MS },
        removeOnComplete: true,
        removeOnFail: 100,
      },
    }));
    const sent = this.#queue
      .addBulk(jobs)
      .catch((error: unknown) => this.#log.warn({ err: error, knocks: jobs.length }, 'knocks.unsent'))
      .finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
  }

  /** Waits for what is being sent. */
  async close(): Promise<void> {
    await soon(Promise.all(this.#sending));
    await soon(this.#queue?.close());
    this.#connection?.disconnect();
  }
}
