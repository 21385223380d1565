/**
 * The fan-out reader: follows the logs of the partitions that somebody here cares for. A single server gives all of them in one blocking read; in a
 * cluster, where one command may touch one partition only, each has a read and a connection of its own. Entries of a partition come in order
 * and once, or listeners hear of a gap. Created by the engine through `Feeds.tail`.
 */
import type { Logger } from '../src/base/log.ts';
import type { LogEntry } from './engine.ts';
import type { Reader, Redis } from './redis.ts';
import { TailReader, type TailSink } from './tailReader.ts';

export type TailListener = TailSink;

export interface TailOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly log: Logger;
  readonly isCluster: boolean;
  /** A connection that the tail closes. */
  readonly connect: (partition: number) => Reader;
}

export class LogTail {
  readonly #options: TailOptions;
  readonly #listeners = new Set<TailListener>();
  /** By partition in a cluster; else one, under 0. */
  readonly #readers = new Map<number, TailReader>();
  #isClosed = false;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  add(listener: TailListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: TailListener): void {
    this.#listeners.delete(listener);
  }

  /** From when it resolves on, every entry of the partition is told. @returns whether the partition is new here */
  async include(partition: number): Promise<boolean> {
    const group = this.#options.isCluster ? partition : 0;
    let reader = this.#readers.get(group);
    if (!reader && !this.#isClosed) {
      const { connect, redis, prefix, log } = this.#options;
      const sink: TailSink = { onEntry: (entry) => this.#tell(entry), onGap: () => this.#tellGap() };
      reader = new TailReader({ reader: connect(partition), redis, prefix, log, sink });
      this.#readers.set(group, reader);
    }
    return (await reader?.include(partition)) ?? false;
  }

  #tell(entry: LogEntry): void {
    for (const listener of this.#listeners) {
      try {
        listener.onEntry(entry);
      } catch (error) {
        const { type, id, partition } = entry;
        this.#options.log.error({ err: error, type, entry: id, partition }, 'tail.listener.failed');
      }
    }
  }

  #tellGap(): void {
    for (const listener of this.#listeners) listener.onGap();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#readers.values()].map((reader) => reader.close()));
  }
}
