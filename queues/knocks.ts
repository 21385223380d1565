/**
 * BullMQ carries the knocks: at a deadline's time a worker asks the script to fire it. A knock is a hint — the deadline itself stands in
 * Redis under its token, so a knock that comes late, twice or never is harmless. Created by the engine; `knockWorker.ts` answers.
 *
 * Most deadlines are cleared long before they are due (a wrap-up that the agent ends, a window whose client is back), and a BullMQ job costs
 * Redis more than the deadline itself: measured on a chat's whole life whose wrap-up is ended by command, 80 to 110 of 650 µs of Redis and 190
 * of 500 µs of ours. So a knock that is not near is held here for half a second; then one read asks which of the held deadlines still stand,
 * and only those become jobs. A process that is killed meanwhile takes its hints along: the sweeper fires those deadlines within its grace.
 * Refused: holding longer, which would save more and leave more to the sweeper.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type ConnectionOptions, Queue } from 'bullmq';
import type { Logger } from '../src/base/log.ts';
import type { Knock } from './commands.ts';
import { partitionKey } from './keys.ts';
import { connectPatiently, type Redis } from './redis.ts';

export const KNOCKS = 'knocks';
/** Scripts go by Redis's clock; a knock a little late is better than one too early. */
export const MARGIN_MS = 15;
/** A knock nearer than this goes at once. */
const NEAR_MS = 1_000;
const HOLD_MS = 500;
/** Held knocks are looked at this often: each is held between `HOLD_MS` and this longer. */
const TICK_MS = 100;
/** Deadlines asked for in one read, and jobs added in one call. */
const MOST = 200;
const CLOSE_MS = 1_500;

export interface KnockData {
  readonly partition: number;
  readonly member: string;
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

interface Held {
  readonly knock: Knock;
  /** When it came, by `performance.now()`. */
  readonly since: number;
}

const memberOf = ({ kind, id, token }: Knock): string => `${kind}|${id}|${token}`;

export class KnockSender {
  readonly #redisUrl: string;
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #log: Logger;
  #queue: Queue<KnockData> | undefined;
  #connection: Redis | undefined;
  /** In the order they came. */
  #held: Held[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #sending = new Set<Promise<unknown>>();

  /** `redis` is the engine's connection for commands; it must still serve when this is closed. */
  constructor(options: { redisUrl: string; redis: Redis; prefix: string; log: Logger }) {
    this.#redisUrl = options.redisUrl;
    this.#redis = options.redis;
    this.#prefix = options.prefix;
    this.#log = options.log;
  }

  send(knocks: readonly Knock[]): void {
    const since = performance.now();
    const near: Held[] = [];
    for (const knock of knocks) (knock.inMs < NEAR_MS ? near : this.#held).push({ knock, since });
    if (near.length > 0) this.#keep(this.#add(near));
    if (this.#held.length > 0) this.#timer ??= setTimeout(() => this.#tick(), HOLD_MS);
  }

  /** Those held long enough go; the timer runs as long as any is held. */
  #tick(): void {
    const before = performance.now() - HOLD_MS;
    const younger = this.#held.findIndex(({ since }) => since > before);
    this.#keep(this.#addStanding(this.#held.splice(0, younger < 0 ? this.#held.length : younger)));
    this.#timer = this.#held.length > 0 ? setTimeout(() => this.#tick(), TICK_MS) : undefined;
  }

  async #addStanding(held: readonly Held[]): Promise<void> {
    for (let at = 0; at < held.length; at += MOST) await this.#add(await this.#standing(held.slice(at, at + MOST)));
  }

  /** Those whose deadline still stands at their time; all of them when that cannot be told. */
  async #standing(held: readonly Held[]): Promise<Held[]> {
    const byPartition = Map.groupBy(held, ({ knock }) => knock.partition);
    const asked = [...byPartition].map(async ([partition, some]) => {
      try {
        const scores = await this.#redis.zmscore(
          `${partitionKey(this.#prefix, partition)}:due:knock`,
          some.map(({ knock }) => memberOf(knock)),
        );
        return some.filter(({ knock }, index) => scores[index] !== null && Number(scores[index]) === knock.dueMs);
      } catch (error) {
        this.#log.debug({ err: error, partition }, 'knocks.unasked');
        return some;
      }
    });
    return (await Promise.all(asked)).flat();
  }

  async #add(held: readonly Held[]): Promise<void> {
    if (held.length === 0) return;
    this.#connection ??= connectPatiently(this.#redisUrl);
    this.#queue ??= openQueue(this.#connection, this.#prefix, this.#log);
    const now = performance.now();
    const jobs = held.map(({ knock, since }) => ({
      name: knock.kind,
      data: { partition: knock.partition, member: memberOf(knock) },
      opts: {
        jobId: `${knock.kind}:${knock.id}:${knock.token}@${knock.dueMs}`,
        delay: Math.max(0, Math.ceil(knock.inMs - (now - since))) + MARGIN_MS,
        removeOnComplete: true,
        removeOnFail: 100,
      },
    }));
    await this.#queue.addBulk(jobs).catch((error: unknown) => this.#log.warn({ err: error, knocks: jobs.length }, 'knocks.unsent'));
  }

  #keep(sent: Promise<unknown>): void {
    this.#sending.add(sent);
    void sent.finally(() => this.#sending.delete(sent));
  }

  /** Hands over everything held. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#keep(this.#addStanding(this.#held.splice(0)));
    await soon(Promise.all(this.#sending));
    await soon(this.#queue?.close());
    this.#connection?.disconnect();
  }
}
