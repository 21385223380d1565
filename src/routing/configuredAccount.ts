/** The account itself as a configured thing: its profile and what may be called out of it share one row and one version. */
import { type Kysely, type Selectable, sql, type UpdateObject } from 'kysely';
import type { AccessDeps } from '../accounts/deps.ts';
import { AppError } from '../base/errors.ts';
import type { AccountTable, Tables } from '../db/tables.ts';
import { configured } from './configured.ts';

type AccountRow = Selectable<AccountTable>;

/** Seen and changed through some of its settings. */
export function configuredAccount<View>(
  deps: AccessDeps,
  view: (row: AccountRow) => View,
  settings: (row: AccountRow) => Readonly<Record<string, unknown>>,
) {
  return configured(deps, {
    kind: 'account',
    path: '/api/v1/account',
    read: readAccount,
    view,
    settings,
    copies: (_, accountId) => [['account', accountId]],
  });
}

/** Sets what is not undefined, and moves the version on. */
export async function updateAccount(trx: Kysely<Tables>, accountId: string, columns: UpdateObject<Tables, 'account'>): Promise<void> {
  await trx
    .updateTable('account')
    .set({ ...columns, version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', accountId)
    .execute();
}

/** @throws AppError not_found */
async function readAccount(db: Kysely<Tables>, accountId: string): Promise<AccountRow> {
  const row = await db.selectFrom('account').selectAll().where('id', '=', accountId).executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}
