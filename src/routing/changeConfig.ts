/**
 * The one way to change an account's configuration: a transaction that holds the account's row, so that changes of one account
 * come one after another and the compiled documents see each other; then, after the commit, Redis and open sessions learn of it.
 */
import type { Transaction } from 'kysely';
import type { AccessDeps } from '../accounts/deps.ts';
import { applyRightsChange, type RightsChange, recordRightsChange } from '../auth/rights.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';
import type { Tables } from '../db/tables.ts';
import { type CopiedEntry, type EntryKind, publish, writeConfigEntry } from './configEntries.ts';

/** What a change reports while it runs. */
export interface Changes {
  /** The copy of this document is made anew before the commit. */
  touch(kind: EntryKind, id: string): void;
  /** What the user may do has changed: open sessions learn of it, or end. */
  rights(userId: string, change: RightsChange): void;
}

type ConfigDeps = Pick<AccessDeps, 'db' | 'engine' | 'log'>;

/** Runs the change and returns what it returns. @throws AppError not_found when there is no such account, and what the change throws */
export async function changeConfig<Result>(
  deps: ConfigDeps,
  accountId: AccountId,
  change: (trx: Transaction<Tables>, changes: Changes) => Promise<Result>,
): Promise<Result> {
  const touched = new Map<string, { kind: EntryKind; id: string }>();
  const rights = new Map<string, RightsChange>();
  const changes: Changes = {
    touch: (kind, id) => touched.set(`${kind}:${id}`, { kind, id }),
    rights: (userId, rightsChange) => {
      // One that ends sessions is not softened by another of the same user.
      if (!rights.get(userId)?.isRevoking) rights.set(userId, rightsChange);
    },
  };
  const { result, entries } = await deps.db.transaction().execute(async (trx) => {
    const account = await trx.selectFrom('account').select('id').where('id', '=', accountId).forNoKeyUpdate().executeTakeFirst();
    if (!account) throw new AppError('not_found');
    const result = await change(trx, changes);
    const entries: CopiedEntry[] = [];
    for (const { kind, id } of touched.values()) entries.push(await writeConfigEntry(trx, accountId, kind, id));
    for (const [userId, rightsChange] of rights) await recordRightsChange(trx, accountId, userId, rightsChange);
    return { result, entries };
  });
  await spread(deps, accountId, entries, [...rights.keys()]);
  return result;
}

/** The change is committed: what fails here is only late, and the reconciler makes up for it. */
async function spread(deps: ConfigDeps, accountId: AccountId, entries: readonly CopiedEntry[], users: readonly string[]): Promise<void> {
  try {
    await publish(deps.engine, entries);
    for (const userId of users) await applyRightsChange(deps, userId);
  } catch (error) {
    deps.log.warn({ accountId, entries: entries.length, users: users.length, err: error }, 'config.publish.late');
  }
}
