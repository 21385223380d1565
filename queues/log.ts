/**
 * The fan-out reader: follows the logs of all partitions from their tails with one blocking read, storing no position. Entries of a
 * partition come in order and once. When the connection was lost it goes on after the last entry it saw; only when that cannot be told
 * (another epoch, trimmed) listeners hear of a gap. Created by the engine through `Feeds.tail`.
 */
import type { Logger } from '../src/base/log.ts';
import type { LogEntry } from './engine.ts';
import type { EventType } from './events.ts';
import { logKey, PARTITIONS, partitionKey } from './keys.ts';
import { answered, type Redis } from './redis.ts';

/** After a read, how long to let entries gather before the next: one wake-up then serves several. */
const GATHER_MS = 2;
const BLOCK_MS = 5_000;
const ANSWER_MS = 3_000;
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

/** Reads on the given connection of its own, until closed. */
export class LogTail {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #listeners = new Set<TailListener>();
  readonly #lastIds: string[] = [];
  #epochs: (string | null)[] = [];
  #isClosed = false;
  readonly #loop: Promise<void>;
  readonly started: Promise<void>;

  constructor(options: { redis: Redis; prefix: string; log: Logger }) {
    this.#redis = options.redis;
    this.#prefix = options.prefix;
    this.#log = options.log;
    let hasStarted = () => {};
    this.started = new Promise((resolve) => {
      hasStarted = resolve;
    });
    this.#loop = this.#run(hasStarted);
  }

  add(listener: TailListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: TailListener): void {
    this.#listeners.delete(listener);
  }

  async #run(hasStarted: () => void): Promise<void> {
    const streams = Array.from({ length: PARTITIONS }, (_, partition) => logKey(this.#prefix, partition));
    const partitionOf = new Map(streams.map((stream, partition) => [stream, partition]));
    let isPositioned = false;
    while (!this.#isClosed) {
      try {
        if (!isPositioned) {
          await answered(this.#redis, ANSWER_MS, this.#position(streams));
          isPositioned = true;
          hasStarted();
        }
        const reading = this.#redis.xread('COUNT', MOST, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...this.#lastIds);
        const read = (await answered(this.#redis, BLOCK_MS + ANSWER_MS, reading)) as RawRead;
        for (const [stream, entries] of read ?? []) this.#deliver(partitionOf.get(stream) ?? 0, entries);
        if (read) await pause(GATHER_MS);
      } catch (error) {
        if (this.#isClosed) return;
        isPositioned = false;
        this.#log.debug({ error: error instanceof Error ? error.message : String(error) }, 'tail.retry');
        await pause(100);
      }
    }
  }

  /** First time: from the tails. Later: from where we were, if the logs still reach back to it. */
  async #position(streams: readonly string[]): Promise<void> {
    const isFirst = this.#lastIds.length === 0;
    const epochs: (string | null)[] = [];
    const tails: string[] = [];
    let isGap = false;
    for (const [partition, stream] of streams.entries()) {
      epochs[partition] = await this.#redis.hget(`${partitionKey(this.#prefix, partition)}:meta`, 'epoch');
      const [tail] = (await this.#redis.xrevrange(stream, '+', '-', 'COUNT', 1)) as RawEntry[];
      tails[partition] = tail?.[0] ?? '0-0';
      if (isFirst) continue;
      const [head] = (await this.#redis.xrange(stream, '-', '+', 'COUNT', 1)) as RawEntry[];
      const last = this.#lastIds[partition] ?? '0-0';
      const isReached = last === '0-0' || (head !== undefined && compareIds(head[0], last) <= 0);
      const isKnownEpoch = this.#epochs[partition] === null || this.#epochs[partition] === epochs[partition];
      if (!isKnownEpoch || !isReached) {
        isGap = true;
        this.#lastIds[partition] = tails[partition];
      }
    }
    if (isFirst) this.#lastIds.push(...tails);
    this.#epochs = epochs;
    if (isGap) for (const listener of this.#listeners) listener.onGap();
  }

  #deliver(partition: number, entries: readonly RawEntry[]): void {
    for (const raw of entries) {
      this.#lastIds[partition] = raw[0];
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
    this.#redis.disconnect();
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
