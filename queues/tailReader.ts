/**
 * One blocking read over the logs of some partitions, from their tails, storing no position. Entries of a partition come in order and once. When the
 * connection was lost it goes on after the last entry it saw; only when that cannot be told (another epoch, trimmed) is there a gap.
 * Created by `LogTail`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../src/base/log.ts';
import type { LogEntry } from './engine.ts';
import { logKey, partitionKey } from './keys.ts';
import { compareIds, type RawEntry, type RawRead, toLogEntry } from './logEntry.ts';
import { ReadPace } from './readPace.ts';
import { answered, type Reader, type Redis, untilReady } from './redis.ts';

const BLOCK_MS = 5_000;
const RETRY_MS = 100;
const RECONNECT_WITHIN_MS = 10_000;
/** A read that is silent for this much longer than it may block stands on a dead connection. */
const ANSWER_MS = 3_000;
const UNBLOCK_EVERY_MS = 5;
const MOST = 1_000;

/** Who is told. */
export interface TailSink {
  onEntry(entry: LogEntry): void;
  /** Of one of the partitions followed something was missed. */
  onGap(): void;
}

interface Followed {
  /** Id of the last entry that was told. */
  lastId: string;
  epoch: string | null;
}

/** Reads on a blocking connection of its own until closed; other reads and wake-ups go over the command connection. */
export class TailReader {
  readonly #reader: Reader;
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #log: Logger;
  readonly #sink: TailSink;
  readonly #pace = new ReadPace();
  readonly #followed = new Map<number, Followed>();
  readonly #including = new Map<number, Promise<void>>();
  #wake: () => void = () => undefined;
  /** The reader's client id while it waits in a blocking read. */
  #blockedAs: number | undefined;
  /** The partitions of the read that is under way. */
  #reading: ReadonlySet<number> | undefined;
  #isClosed = false;
  readonly #loop: Promise<void>;

  constructor(options: { reader: Reader; redis: Redis; prefix: string; log: Logger; sink: TailSink }) {
    this.#reader = options.reader;
    this.#sink = options.sink;
    this.#redis = options.redis;
    this.#prefix = options.prefix;
    this.#log = options.log;
    this.#loop = this.#run();
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
    while (!this.#isClosed) {
      try {
        if (!isConnected) {
          await untilReady(this.#reader, RECONNECT_WITHIN_MS);
          await this.#checkGaps();
          this.#blockedAs = await this.#reader.client('ID');
          isConnected = true;
        }
        if (this.#followed.size === 0) await this.#untilFollowed();
        else await this.#readOnce();
      } catch (error) {
        if (this.#isClosed) return;
        isConnected = false;
        this.#blockedAs = undefined;
        this.#log.debug({ error: error instanceof Error ? error.message : String(error) }, 'tail.retry');
        await pause(RETRY_MS);
      }
    }
  }

  async #readOnce(): Promise<void> {
    const restMs = this.#pace.take();
    if (restMs > 0) await pause(restMs);
    const partitions = [...this.#followed.keys()];
    const streams = partitions.map((partition) => logKey(this.#prefix, partition));
    const ids = partitions.map((partition) => this.#followed.get(partition)?.lastId ?? '0-0');
    this.#reading = new Set(partitions);
    const reading = this.#reader.xread('COUNT', MOST, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...ids);
    const read = (await answered(this.#reader, BLOCK_MS + ANSWER_MS, reading).finally(() => {
      this.#reading = undefined;
    })) as RawRead;
    for (const [stream, entries] of read ?? []) this.#deliver(partitions[streams.indexOf(stream)] ?? 0, entries);
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
    if (isGap) this.#sink.onGap();
  }

  #deliver(partition: number, entries: readonly RawEntry[]): void {
    const followed = this.#followed.get(partition);
    for (const raw of entries) {
      if (followed) followed.lastId = raw[0];
      this.#sink.onEntry(toLogEntry(partition, raw));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    this.#reader.disconnect();
    await this.#loop;
  }
}
