/**
 * The fan-out reader: follows the logs of the partitions that somebody here cares for, from their tails, with one blocking read, storing
 * no position. Entries of a partition come in order and once. When the connection was lost it goes on after the last entry it saw; only when that cannot be told
 * (another epoch, trimmed) listeners hear of a gap. Created by the engine through `Feeds.tail`.
 */
import type { Logger } from '../src/base/log.ts';
import type { LogEntry } from './engine.ts';
import type { EventType } from './events.ts';
import { logKey, partitionKey } from './keys.ts';
import { answered, type Redis, untilReady } from './redis.ts';

/** A read that waited less than this found the log busy; the next one comes after a pause in which entries gather. */
const BUSY_MS = 3;
const GATHER_MS = 6;
const BLOCK_MS = 5_000;
const RETRY_MS = 100;
const RECONNECT_WITHIN_MS = 10_000;
/** A read that is silent for this much longer than it may block stands on a dead connection. */
const ANSWER_MS = 3_000;
const UNBLOCK_EVERY_MS = 5;
const MOST = 1_000;

type RawEntry = [id: string, flat: string[]];
type RawRead = [stream: string, entries: RawEntry[]][] | null;

export interface TailListener {
  onEntry(entry: LogEntry): void;
  onGap(): void;
}

/** A log entry as stored: v, t, at, acc, f, d in this order. */
export function toLogEntry(partition: number, [id, flat]: RawEntry): LogEntry {
  return {
    partition,
    id,
    version: Number(flat[1]),
    type: flat[3] as EventType,
    at: Number(flat[5]),
    accountId: flat[7] ?? '',
    feeds: toFeeds(flat[9] ?? ''),
    body: flat[11] ?? '{}',
  };
}

function toFeeds(text: string): LogEntry['feeds'] {
  if (text === '') return [];
  return text.split(' ').map((part) => {
    const at = part.lastIndexOf('@');
    return { feed: part.slice(0, at), off: Number(part.slice(at + 1)) };
  });
}

interface Followed {
  /** Id of the last entry that was told. */
  lastId: string;
  epoch: string | null;
}

/** Reads on a blocking connection of its own until closed; other reads and wake-ups go over the command connection. */
export class LogTail {
  readonly #reader: Redis;
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #listeners = new Set<TailListener>();
  readonly #followed = new Map<number, Followed>();
  readonly #including = new Map<number, Promise<void>>();
  #wake: () => void = () => undefined;
  /** The reader's client id while it waits in a blocking read. */
  #blockedAs: number | undefined;
  /** The partitions of the read that is under way. */
  #reading: ReadonlySet<number> | undefined;
  #isClosed = false;
  readonly #loop: Promise<void>;

  constructor(options: { reader: Redis; redis: Redis; prefix: string; log: Logger }) {
    this.#reader = options.reader;
    this.#redis = options.redis;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#loop = this.#run();
  }

  add(listener: TailListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: TailListener): void {
    this.#listeners.delete(listener);
  }

  /** From when it resolves on, every entry of the partition is told. @returns whether the partition is new here */
  async include(partition: number): Promise<boolean> {
    if (this.#followed.has(partition)) return false;
    let including = this.#including.get(partition);
    const isNew = including === undefined;
    including ??= this.#begin(partition).finally(() => this.#including.delete(partition));
    this.#including.set(partition, including);
    await including;
    return isNew;
  }

  async #begin(partition: number): Promise<void> {
    const [epoch, lastId] = await Promise.all([this.#epochOf(partition), this.#tailOf(partition)]);
    this.#followed.set(partition, { lastId, epoch });
    this.#wake();
    // A read that waits does not know the partition: end it, so that the next one does. It may not have reached Redis yet: then again.
    while (this.#blockedAs !== undefined && this.#reading && !this.#reading.has(partition) && !this.#isClosed) {
      await this.#redis.client('UNBLOCK', this.#blockedAs);
      await pause(UNBLOCK_EVERY_MS);
    }
  }

  async #epochOf(partition: number): Promise<string | null> {
    return this.#redis.hget(`${partitionKey(this.#prefix, partition)}:meta`, 'epoch');
  }

  async #tailOf(partition: number): Promise<string> {
    const [tail] = (await this.#redis.xrevrange(logKey(this.#prefix, partition), '+', '-', 'COUNT', 1)) as RawEntry[];
    return tail?.[0] ?? '0-0';
  }

  async #run(): Promise<void> {
    let isConnected = false;
    let gatherMs = 0;
    while (!this.#isClosed) {
      try {
        if (!isConnected) {
          await untilReady(this.#reader, RECONNECT_WITHIN_MS);
          await this.#checkGaps();
          this.#blockedAs = await this.#reader.client('ID');
          isConnected = true;
        }
        if (this.#followed.size === 0) await this.#untilFollowed();
        else gatherMs = await this.#readOnce(gatherMs);
      } catch (error) {
        if (this.#isClosed) return;
        isConnected = false;
        this.#blockedAs = undefined;
        this.#log.debug({ error: error instanceof Error ? error.message : String(error) }, 'tail.retry');
        await pause(RETRY_MS);
      }
    }
  }

  /** @returns how long to let entries gather before the next read: under load one wake-up then serves several */
  async #readOnce(gatherMs: number): Promise<number> {
    if (gatherMs > 0) await pause(gatherMs);
    const partitions = [...this.#followed.keys()];
    const streams = partitions.map((partition) => logKey(this.#prefix, partition));
    const ids = partitions.map((partition) => this.#followed.get(partition)?.lastId ?? '0-0');
    const started = performance.now();
    this.#reading = new Set(partitions);
    const reading = this.#reader.xread('COUNT', MOST, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...ids);
    const read = (await answered(this.#reader, BLOCK_MS + ANSWER_MS, reading).finally(() => {
      this.#reading = undefined;
    })) as RawRead;
    for (const [stream, entries] of read ?? []) this.#deliver(partitions[streams.indexOf(stream)] ?? 0, entries);
    return performance.now() - started < BUSY_MS ? GATHER_MS : 0;
  }

  async #untilFollowed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** After a reconnect: goes on where it was, if the logs still reach back to it; else from the tail, and the listeners hear of the gap. */
  async #checkGaps(): Promise<void> {
    let isGap = false;
    for (const [partition, followed] of this.#followed) {
      const epoch = await this.#epochOf(partition);
      const [head] = (await this.#redis.xrange(logKey(this.#prefix, partition), '-', '+', 'COUNT', 1)) as RawEntry[];
      const isReached = followed.lastId === '0-0' || (head !== undefined && compareIds(head[0], followed.lastId) <= 0);
      if (!isReached || (followed.epoch !== null && followed.epoch !== epoch)) {
        isGap = true;
        followed.lastId = await this.#tailOf(partition);
      }
      followed.epoch = epoch;
    }
    if (isGap) for (const listener of this.#listeners) listener.onGap();
  }

  #deliver(partition: number, entries: readonly RawEntry[]): void {
    const followed = this.#followed.get(partition);
    for (const raw of entries) {
      if (followed) followed.lastId = raw[0];
      const entry = toLogEntry(partition, raw);
      for (const listener of this.#listeners) {
        try {
          listener.onEntry(entry);
        } catch (error) {
          this.#log.error({ err: error, type: entry.type, entry: entry.id, partition }, 'tail.listener.failed');
        }
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    this.#reader.disconnect();
    await this.#loop;
  }
}

/** Order of two stream ids. */
export function compareIds(left: string, right: string): number {
  const [leftMs = 0, leftSeq = 0] = left.split('-').map(Number);
  const [rightMs = 0, rightSeq = 0] = right.split('-').map(Number);
  return leftMs - rightMs || leftSeq - rightSeq;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
