/**
 * Makes Redis's copies of configuration equal to PostgreSQL again, whatever was lost: a publication, a whole Redis, or the newest part of
 * a PostgreSQL that was restored from a backup. The worker role runs it at start and every five seconds.
 *
 * The cheap check: after a comparison a mark with PostgreSQL's newest version and count is left on the shelf, behind the copies. While the mark
 * stands and matches, nothing is compared; a Redis that lost copies lost the mark too, since it loses its newest writes first. It lasts a minute.
 */
import { sql } from 'kysely';
import type { Engine, Scope } from '../../queues/engine.ts';
import { applyPendingRights } from '../auth/rights.ts';
import type { AccountId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../db/database.ts';
import { type CopiedEntry, copiedVersions, type EntryKind, publish, readConfigEntries } from './configEntries.ts';

const MARK_KEY = 'config:mark';
const MARK_TTL_MS = 60_000;

export interface Repaired {
  /** Copies that differed; 0 in a healthy run. */
  readonly copies: number;
  /** Changes of rights that had not reached the sessions. */
  readonly rights: number;
}

interface AccountState extends Scope {
  readonly publicId: string;
  readonly mark: string;
}

/** @throws AppError unavailable when PostgreSQL or Redis is away */
export async function reconcileConfig(db: Db, engine: Engine, log: Logger): Promise<Repaired> {
  let copies = 0;
  for (const account of await accountStates(db)) copies += await reconcileAccount(db, engine, log, account);
  const rights = await applyPendingRights({ db, engine, log });
  return { copies, rights };
}

async function accountStates(db: Db): Promise<AccountState[]> {
  const rows = await db
    .selectFrom('account')
    .leftJoin('config_entry', 'config_entry.account_id', 'account.id')
    .select([
      'account.id',
      'account.partition',
      'account.public_id as publicId',
      sql<number>`coalesce(max(config_entry.version), 0)`.as('newest'),
      sql<number>`count(config_entry.id)`.as('entries'),
    ])
    .groupBy('account.id')
    .execute();
  return rows.map(({ id, partition, publicId, ...row }) => ({
    accountId: id as AccountId,
    partition,
    publicId,
    mark: `${row.newest}/${row.entries}`,
  }));
}

async function reconcileAccount(db: Db, engine: Engine, log: Logger, account: AccountState): Promise<number> {
  const { accountId, partition, publicId, mark } = account;
  const scope: Scope = { accountId, partition };
  if ((await engine.shelf.get(scope, MARK_KEY)) === mark) return 0;
  await engine.config.place(accountId, partition, publicId);

  // Redis first: what is published between the two reads is then newer in PostgreSQL, never the other way round.
  const copied = await copiedVersions(engine, scope);
  const entries = await readConfigEntries(db, accountId);
  const ahead = entriesAhead(entries, copied);
  if (ahead.length > 0) {
    log.error({ accountId, copies: ahead.length }, 'config.redis.ahead');
    await overtake(db, accountId, ahead, Math.max(...copied.values()));
    return reconcileAccount(db, engine, log, { ...account, mark: '' });
  }
  const behind = entries.filter(
    (entry) =>
      copied.get(`${entry.kind}:${entry.id}`) !== entry.version && !(entry.doc === null && !copied.has(`${entry.kind}:${entry.id}`)),
  );
  await publish(engine, behind);
  if (behind.length > 0) log.warn({ accountId, copies: behind.length }, 'config.repaired');
  if (mark !== '') await engine.shelf.put(scope, MARK_KEY, mark, MARK_TTL_MS);
  return behind.length;
}

/** Copies that PostgreSQL does not have, or has older: it was set back. */
function entriesAhead(entries: readonly CopiedEntry[], copied: ReadonlyMap<string, number>): { kind: EntryKind; id: string }[] {
  const versions = new Map(entries.map((entry) => [`${entry.kind}:${entry.id}`, entry.version]));
  const names = [...copied].filter(([name, version]) => version > (versions.get(name) ?? 0)).map(([name]) => name);
  return names.map((name) => {
    const [kind = '', id = ''] = name.split(':', 2);
    return { kind: kind as EntryKind, id };
  });
}

/** PostgreSQL owns the configuration: its documents get versions above those that Redis has seen; what it does not know is deleted. */
async function overtake(db: Db, accountId: AccountId, ahead: readonly { kind: EntryKind; id: string }[], highest: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`select setval('config_version', greatest(${highest}, (select last_value from config_version)))`.execute(trx);
    for (const { kind, id } of ahead) {
      await trx
        .insertInto('config_entry')
        .values({ kind, id, account_id: accountId, doc: null })
        .onConflict((conflict) => conflict.columns(['kind', 'id']).doUpdateSet({ version: sql<number>`nextval('config_version')` }))
        .execute();
    }
  });
}
