/** What the worker does for files: tells PostgreSQL what the records know, and removes uploads that were never sent. Safe to run anywhere, any time. */
import { bornAtMs } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../db/database.ts';
import type { FileId, FileStore } from './fileStore.ts';

export interface ClearingDeps {
  readonly db: Db;
  readonly store: FileStore;
  readonly log: Logger;
}

const HOUR_MS = 60 * 60_000;
/** An upload that no message names by then was given up. */
const ORPHAN_MS = 24 * HOUR_MS;
/** Older ones were looked at many times and are sent; their records are not read again. */
const SETTLED_MS = 30 * ORPHAN_MS;
const BATCH = 500;

/** Gives rows that the projector made from messages the checksum and the time of the upload. @returns how many */
export async function recordFiles({ db, store }: ClearingDeps): Promise<number> {
  const rows = await db
    .selectFrom('file')
    .select('id')
    .where('sha256', 'is', null)
    .where('deleted_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(BATCH)
    .execute();
  let recorded = 0;
  for (const { id } of rows) {
    const record = await store.find(id as FileId);
    if (!record) continue;
    await db
      .updateTable('file')
      .set({ sha256: record.sha256, created_at: new Date(record.createdAt) })
      .where('id', '=', id)
      .execute();
    recorded++;
  }
  return recorded;
}

/** @returns how many uploads were removed */
export async function removeOrphans({ store, log }: Pick<ClearingDeps, 'store' | 'log'>, now: number = Date.now()): Promise<number> {
  let removed = 0;
  for await (const id of store.ids()) {
    const ageMs = now - bornAtMs(id);
    if (ageMs < ORPHAN_MS || ageMs > SETTLED_MS) continue;
    const record = await store.find(id);
    if (!record || record.sentTo.length > 0) continue;
    await store.remove(id);
    log.info({ file: id, interaction: record.interactionId }, 'file.orphan.removed');
    removed++;
  }
  return removed;
}
