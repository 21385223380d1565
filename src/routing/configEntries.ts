/**
 * The copies of configuration for Redis. A change writes the compiled documents in its own transaction, each with a new version;
 * after the commit they are published. A publication that fails, or never happens because the process died, is made up for by
 * `reconcileConfig`: Redis refuses older versions, so twice, late and out of order are harmless.
 */
import { sql, type Transaction } from 'kysely';
import type { ConfigEntry, ConfigKind } from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { AccountId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { compile } from './compile.ts';

const BATCH = 100;

/** Compiles the document as the transaction sees it and stores it with the next version. */
export async function writeConfigEntry(trx: Transaction<Tables>, accountId: string, kind: ConfigKind, id: string): Promise<ConfigEntry> {
  const doc = await compile(trx, kind, id);
  const row = await trx
    .insertInto('config_entry')
    .values({ kind, id, account_id: accountId, doc: doc && JSON.stringify(doc) })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'id']).doUpdateSet({
        // Drawn anew under the row's lock: the number that the insert drew may be older than that of a change which went before.
        version: sql<number>`nextval('config_version')`,
        doc: (eb) => eb.ref('excluded.doc'),
      }),
    )
    .returning('version')
    .executeTakeFirstOrThrow();
  return { kind, id, accountId, version: row.version, doc };
}

/** Brings committed entries to Redis. @throws AppError unavailable; the reconciler will do it then */
export async function publish(engine: Engine, entries: readonly ConfigEntry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += BATCH) await engine.config.apply(entries.slice(from, from + BATCH));
}

/** For an account that was just committed: gives it its place and its first copies. A failure is only late, as above. */
export async function placeAndPublish(
  { engine, log }: { engine: Engine; log: Logger },
  { accountId, partition }: Scope,
  entries: readonly ConfigEntry[],
): Promise<void> {
  try {
    await engine.config.place(accountId, partition);
    await publish(engine, entries);
  } catch (error) {
    log.warn({ accountId, entries: entries.length, err: error }, 'config.publish.late');
  }
}

/** Every entry of the account, deleted ones included. */
export async function readConfigEntries(db: Db, accountId: AccountId): Promise<ConfigEntry[]> {
  const rows = await db.selectFrom('config_entry').selectAll().where('account_id', '=', accountId).orderBy('version').execute();
  return rows.map((row) => ({ kind: row.kind, id: row.id, accountId: row.account_id, version: row.version, doc: row.doc }));
}
