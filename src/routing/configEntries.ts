/**
 * The copies of configuration for Redis. A change writes the compiled documents in its own transaction, each with a new version;
 * after the commit they are published. A publication that fails, or never happens because the process died, is made up for by
 * `reconcileConfig`: Redis refuses older versions, so twice, late and out of order are harmless.
 */
import { sql, type Transaction } from 'kysely';
import type { ConfigEntry } from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import { type PhonesConfigEntry, phonesConfigDoc } from '../../queues/phones.ts';
import type { AccountId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { type CopiedDoc, compile } from './compile.ts';

const BATCH = 100;

export type EntryKind = CopiedDoc['kind'];
/** One document as PostgreSQL committed it: of routing (`engine.config`) or of phones (`engine.phones`). */
export type CopiedEntry = ConfigEntry | PhonesConfigEntry;

const phonesKinds: ReadonlySet<string> = new Set(phonesConfigDoc.options.map((option) => option.shape.kind.value));

function isOfPhones(entry: { readonly kind: EntryKind }): entry is PhonesConfigEntry {
  return phonesKinds.has(entry.kind);
}

/** Compiles the document as the transaction sees it and stores it with the next version. */
export async function writeConfigEntry(trx: Transaction<Tables>, accountId: string, kind: EntryKind, id: string): Promise<CopiedEntry> {
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
  return { kind, id, accountId, version: row.version, doc } as CopiedEntry;
}

/** Brings committed entries to Redis. @throws AppError unavailable; the reconciler will do it then */
export async function publish(engine: Engine, entries: readonly CopiedEntry[]): Promise<void> {
  const ofPhones = entries.filter(isOfPhones);
  const ofRouting = entries.filter((entry): entry is ConfigEntry => !isOfPhones(entry));
  // Phones first: an agent whose copy says that there is a phone is offered calls only while that one is registered.
  for (let from = 0; from < ofPhones.length; from += BATCH) await engine.phones.apply(ofPhones.slice(from, from + BATCH));
  for (let from = 0; from < ofRouting.length; from += BATCH) await engine.config.apply(ofRouting.slice(from, from + BATCH));
}

/** Versions of all copies of the account in Redis, by `kind:id`. */
export async function copiedVersions(engine: Engine, scope: Scope): Promise<Map<string, number>> {
  const [routing, phones] = await Promise.all([engine.config.versions(scope), engine.phones.versions(scope.accountId)]);
  return new Map([...routing, ...phones]);
}

/** For an account that was just committed: gives it its place and its first copies. A failure is only late, as above. */
export async function placeAndPublish(
  { engine, log }: { engine: Engine; log: Logger },
  { accountId, partition }: Scope,
  entries: readonly CopiedEntry[],
): Promise<void> {
  try {
    await engine.config.place(accountId, partition);
    await publish(engine, entries);
  } catch (error) {
    log.warn({ accountId, entries: entries.length, err: error }, 'config.publish.late');
  }
}

/** Every entry of the account, deleted ones included. */
export async function readConfigEntries(db: Db, accountId: AccountId): Promise<CopiedEntry[]> {
  const rows = await db.selectFrom('config_entry').selectAll().where('account_id', '=', accountId).orderBy('version').execute();
  return rows.map((row) => ({ kind: row.kind, id: row.id, accountId: row.account_id, version: row.version, doc: row.doc }) as CopiedEntry);
}
