/**
 * A durable reader: gives the log of every held partition to a sink, in order, from the position the sink stored. A partition whose batch
 * fails rests and is tried again with growing pauses, for as long as it takes, while the others go on; the log is not trimmed behind it
 * meanwhile. On a single server one read covers all partitions; in a cluster each has a read of its own. Created by `startRoutingWorkers`.
 */
import type { Logger } from '../src/base/log.ts';
import type { DurableSink, LogEntry } from './engine.ts';
import { logKey, PARTITIONS } from './keys.ts';
import { type RawRead, toLogEntry } from './logEntry.ts';
import type { HeldPartitions } from './partitions.ts';
import { answered, type Reader, untilReady } from './redis.ts';

const BATCH = 500;
const BLOCK_MS = 1_000;
const ANSWER_MS = 3_000;
/** Pause after a batch that was not full, so that the next is worth a transaction. */
const GATHER_MS = 200;
const RETRY_MS = [100, 250, 500, 1_000, 2_000] as const;

export interface DurableReaderOptions {
  readonly sink: DurableSink;
  readonly partitions: HeldPartitions;
  readonly prefix: string;
  readonly log: Logger;
  readonly isCluster: boolean;
  /** A connection that the reader closes. */
  readonly connect: (partition: number) => Reader;
}

export class DurableReader {
  readonly #lanes: readonly ReadLane[];

  constructor(options: DurableReaderOptions) {
    const { isCluster, partitions } = options;
    const each = Array.from({ length: PARTITIONS }, (_, partition) => () => (partitions.has(partition) ? [partition] : []));
    this.#lanes = (isCluster ? each : [() => partitions.list()]).map((held) => new ReadLane(options, held));
  }

  /** Id of the last entry whose effect is committed; undefined while not known. */
  position(partition: number): string | undefined {
    return (this.#lanes[partition] ?? this.#lanes[0])?.position(partition);
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

/** Reads the partitions that `held` names at the time, on a connection of its own while there are any. */
class ReadLane {
  readonly #options: DurableReaderOptions;
  readonly #held: () => number[];
  #reader: Reader | undefined;
  readonly #positions = new Map<number, string>();
  /** Partitions whose last batch failed, and until when they rest. */
  readonly #resting = new Map<number, { failures: number; until: number }>();
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;
  #failures = 0;

  constructor(options: DurableReaderOptions, held: () => number[]) {
    this.#options = options;
    this.#held = held;
    this.#loop = this.#run();
  }

  position(partition: number): string | undefined {
    return this.#positions.get(partition);
  }

  async #run(): Promise<void> {
    const { sink, log } = this.#options;
    while (!this.#abort.signal.aborted) {
      try {
        const seen = await this.#step();
        this.#failures = 0;
        if (seen < BATCH) await this.#pause(GATHER_MS);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        if (this.#failures++ % 20 === 0) log.warn({ err: error, reader: sink.name, failures: this.#failures }, 'reader.retry');
        // What was committed is known only to the sink: ask again.
        this.#positions.clear();
        await this.#pause(retryMs(this.#failures));
      }
    }
  }

  /** Reads once over all held partitions and gives the batches to the sink. @return the largest batch */
  async #step(): Promise<number> {
    const { sink, partitions, prefix, connect } = this.#options;
    const now = Date.now();
    const held = this.#held().filter((partition) => (this.#resting.get(partition)?.until ?? 0) <= now);
    for (const partition of this.#positions.keys()) if (!partitions.has(partition)) this.#positions.delete(partition);
    for (const partition of this.#resting.keys()) if (!partitions.has(partition)) this.#resting.delete(partition);
    const [first] = held;
    if (first === undefined) {
      if (this.#resting.size === 0) this.#leave();
      await this.#pause(BLOCK_MS / 4);
      return BATCH;
    }
    for (const partition of held) {
      if (!this.#positions.has(partition)) this.#positions.set(partition, (await sink.position(partition)) ?? '0-0');
    }
    const streams = held.map((partition) => logKey(prefix, partition));
    const ids = held.map((partition) => this.#positions.get(partition) ?? '0-0');
    if (!this.#reader) {
      this.#reader = connect(first);
      await untilReady(this.#reader, ANSWER_MS);
    }
    const reading = this.#reader.xread('COUNT', BATCH, 'BLOCK', BLOCK_MS, 'STREAMS', ...streams, ...ids);
    const read = (await answered(this.#reader, BLOCK_MS + ANSWER_MS, reading)) as RawRead;
    let largest = 0;
    for (const [stream, raw] of read ?? []) {
      const partition = held[streams.indexOf(stream)];
      if (partition === undefined || !partitions.has(partition)) continue;
      const entries: LogEntry[] = raw.map((entry) => toLogEntry(partition, entry));
      const last = entries.at(-1);
      if (!last) continue;
      if (!(await this.#apply(partition, entries))) continue;
      this.#positions.set(partition, last.id);
      largest = Math.max(largest, entries.length);
    }
    return largest;
  }

  /** False: the partition rests. What was committed of the batch is known only to the sink: its position is asked for again. */
  async #apply(partition: number, entries: readonly LogEntry[]): Promise<boolean> {
    const { sink, log } = this.#options;
    try {
      await sink.apply(partition, entries);
      this.#resting.delete(partition);
      return true;
    } catch (error) {
      const failures = (this.#resting.get(partition)?.failures ?? 0) + 1;
      if (failures % 20 === 1) log.warn({ err: error, reader: sink.name, partition, failures }, 'reader.partition.retry');
      this.#resting.set(partition, { failures, until: Date.now() + retryMs(failures) });
      this.#positions.delete(partition);
      return false;
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#abort.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(finish, ms);
      this.#abort.signal.addEventListener('abort', finish, { once: true });
      const { signal } = this.#abort;
      function finish(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        resolve();
      }
    });
  }

  #leave(): void {
    this.#reader?.disconnect();
    this.#reader = undefined;
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#leave();
    await this.#loop;
    // One that was opened meanwhile.
    this.#leave();
  }
}

function retryMs(failures: number): number {
  return RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 2_000;
}
