/**
 * The durable reader that turns the event log into history. Created by the worker, driven by `followLog`. A batch and the position behind it
 * are committed in one transaction under a lock on the position, so a kill anywhere, two readers at once or a replay change nothing.
 *
 * An entry of a newer release stops its partition until a newer worker comes (it is never skipped). An entry that should be readable but
 * is not, or that PostgreSQL refuses, is set aside whole in `rejected_entry`, logged and counted, and the others go on.
 */
import type { DurableSink, LogEntry } from '../../queues/engine.ts';
import { LOG_VERSION } from '../../queues/events.ts';
import type { Logger } from '../base/log.ts';
import type { Database } from '../db/database.ts';
import { ensureMonth, lockPosition, movePosition, readPosition, setAside } from '../db/historyPositions.ts';
import { inTransaction, isDataFault, sqlState } from '../db/historyTransaction.ts';
import type { Statements } from '../db/historyWrites.ts';
import { Batch } from './batch.ts';
import { decode, isKnown, type Unreadable } from './decode.ts';
import { isAfter, parsePosition } from './position.ts';
import type { ProjectorMetrics } from './projectorMetrics.ts';

/** The partition holds an entry that only a newer release understands. */
export class NewerEntryError extends Error {
  override name = 'NewerEntryError';
}

export interface ProjectorDeps {
  readonly database: Pick<Database, 'pool'>;
  readonly log: Logger;
  readonly metrics: ProjectorMetrics;
}

export class Projector implements DurableSink {
  readonly name = 'history';
  readonly #pool: Database['pool'];
  readonly #log: Logger;
  readonly #metrics: ProjectorMetrics;
  /** Months whose partitions exist. */
  readonly #months = new Set<string>();

  constructor({ database, log, metrics }: ProjectorDeps) {
    this.#pool = database.pool;
    this.#log = log;
    this.#metrics = metrics;
  }

  position(partition: number): Promise<string | undefined> {
    return readPosition(this.#pool, this.name, partition);
  }

  /** @throws NewerEntryError after all entries before the newer one were applied; pg's error when the database is away */
  async apply(partition: number, entries: readonly LogEntry[]): Promise<void> {
    const newer = entries.findIndex((entry) => !isKnown(entry));
    const readable = newer < 0 ? entries : entries.slice(0, newer);
    if (readable.length > 0) await this.#applyReadable(partition, readable);
    if (newer < 0) return this.#metrics.stopped.set({ partition }, 0);
    const { id, type, version } = entries[newer] as LogEntry;
    this.#metrics.stopped.set({ partition }, 1);
    this.#log.error({ partition, entry: id, type, version, known: LOG_VERSION }, 'projector.stopped.newerEntry');
    throw new NewerEntryError(`entry ${id} of partition ${partition} (${type}, version ${version}) needs a newer release`);
  }

  async #applyReadable(partition: number, entries: readonly LogEntry[], isLastTry = false): Promise<void> {
    const endTimer = this.#metrics.batchSec.startTimer();
    try {
      const batch = new Batch();
      const unreadable = sortInto(batch, entries);
      await this.#ensureMonths(batch.months);
      await this.#commit(partition, entries, batch, unreadable);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      // A month that was dropped meanwhile is refused too: made anew before the next try.
      this.#months.clear();
      await this.#isolate(partition, entries, isLastTry, error);
    } finally {
      endTimer();
    }
  }

  async #commit(partition: number, entries: readonly LogEntry[], batch: Batch, unreadable: readonly Unreadable[]): Promise<void> {
    const last = entries.at(-1) as LogEntry;
    const outcome = await inTransaction(this.#pool, async (client) => {
      if (await this.#isIn(client, partition, last)) return 'known';
      const homeless = await batch.write(client);
      for (const { entry, reason } of unreadable) await this.#setAside(client, partition, entry, reason);
      await movePosition(client, this.name, partition, last.id);
      return homeless;
    });
    if (outcome === 'known') return;
    for (const event of outcome)
      this.#log.warn({ partition, entry: event.entry.id, type: event.type, interaction: event.body.i }, 'projector.interaction.unknown');
    this.#metrics.unknown.inc(outcome.length);
    this.#metrics.applied(partition, entries.length, last.at);
    this.#metrics.answered(batch.answered);
    this.#metrics.abandoned.inc(batch.abandoned);
  }

  /** PostgreSQL refuses something in the batch: halves are tried until the one entry is found, tried once more, and set aside. */
  async #isolate(partition: number, entries: readonly LogEntry[], isLastTry: boolean, fault: unknown): Promise<void> {
    if (entries.length > 1) {
      const middle = Math.ceil(entries.length / 2);
      await this.#applyReadable(partition, entries.slice(0, middle));
      return this.#applyReadable(partition, entries.slice(middle));
    }
    if (!isLastTry) return this.#applyReadable(partition, entries, true);
    const entry = entries[0] as LogEntry;
    await inTransaction(this.#pool, async (client) => {
      if (await this.#isIn(client, partition, entry)) return;
      await this.#setAside(client, partition, entry, `PostgreSQL refused it (${sqlState(fault)})`);
      await movePosition(client, this.name, partition, entry.id);
    });
  }

  /** Whether another transaction has it in already; none can come between until ours ends. */
  async #isIn(client: Statements, partition: number, entry: LogEntry): Promise<boolean> {
    const position = await lockPosition(client, this.name, partition);
    return position !== undefined && !isAfter(parsePosition(entry.id), parsePosition(position));
  }

  async #setAside(client: Statements, partition: number, entry: LogEntry, reason: string): Promise<void> {
    const { id, accountId, version, type, body } = entry;
    await setAside(client, this.name, partition, { position: id, accountId, version, type, body: body.replaceAll('\0', ''), reason });
    this.#log.error({ partition, entry: id, type, version, reason }, 'projector.entry.setAside');
    this.#metrics.setAside.inc({ type });
  }

  async #ensureMonths(months: ReadonlySet<string>): Promise<void> {
    for (const month of months) {
      if (this.#months.has(month)) continue;
      await ensureMonth(this.#pool, month);
      this.#months.add(month);
    }
  }
}

/** Adds what can be read to the batch; returns what cannot. */
function sortInto(batch: Batch, entries: readonly LogEntry[]): Unreadable[] {
  const unreadable: Unreadable[] = [];
  for (const entry of entries) {
    const decoded = decode(entry);
    if ('reason' in decoded) {
      unreadable.push(decoded);
      continue;
    }
    try {
      batch.add(decoded);
    } catch (error) {
      unreadable.push({ entry, reason: String(error) });
    }
  }
  return unreadable;
}
