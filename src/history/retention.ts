/** Keeps the months of history: those to come exist beforehand, those past their time leave with their files and contacts. Run by the worker. */
import type { Logger } from '../base/log.ts';
import type { Database } from '../db/database.ts';
import { dropMonthsBefore, ensureMonth } from '../db/historyPositions.ts';
import type { FileId, FileStore } from '../files/fileStore.ts';

const MONTHS_AHEAD = 2;

export interface RetentionDeps {
  readonly database: Pick<Database, 'kysely' | 'pool'>;
  readonly files: FileStore;
  readonly log: Logger;
}

/** Makes the running month and the two after it. */
export async function makeMonths({ database, log }: RetentionDeps, now: number): Promise<void> {
  for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead++) {
    const month = monthFrom(now, ahead);
    if (await ensureMonth(database.pool, month)) log.info({ month }, 'history.month.made');
  }
}

/** Drops what is older than `keptMonths` whole months before the running one; 0 keeps everything. */
export async function dropOldMonths({ database, files, log }: RetentionDeps, keptMonths: number, now: number): Promise<void> {
  if (keptMonths === 0) return;
  const { kysely, pool } = database;
  const first = monthFrom(now, -keptMonths);
  for (;;) {
    const old = await kysely
      .selectFrom('file')
      .select('id')
      .where('month', '<', first)
      .where('deleted_at', 'is', null)
      .limit(500)
      .execute();
    if (old.length === 0) break;
    for (const { id } of old) await files.remove(id as FileId);
    await kysely
      .updateTable('file')
      .set({ name: null, deleted_at: new Date(now) })
      .where(
        'id',
        'in',
        old.map(({ id }) => id),
      )
      .execute();
  }
  for (const month of await dropMonthsBefore(pool, first)) log.info({ month }, 'history.month.dropped');
  await kysely.deleteFrom('file').where('month', '<', first).execute();
  await kysely
    .deleteFrom('contact')
    .where('last_seen_at', '<', new Date(first))
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('interaction as i').select('i.id').whereRef('i.contact_id', '=', 'contact.id'))),
    )
    .execute();
}

/** First day, `YYYY-MM-DD`, of the month so many months away. */
function monthFrom(now: number, months: number): string {
  const day = new Date(now);
  return new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1)).toISOString().slice(0, 10);
}
