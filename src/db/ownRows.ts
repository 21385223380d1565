/**
 * The statements that the tables of an account's configuration have in common: a page by name, one row, how many, change, removal.
 * Each is bound to the account, and none sees what is marked as deleted.
 */
import { type Kysely, type Selectable, type SelectQueryBuilder, sql, type UpdateObject } from 'kysely';
import { type Page, readCursor, toPage } from '../api/page.ts';
import { AppError } from '../base/errors.ts';
import type { Tables } from './tables.ts';

/** Tables whose rows have an account, an id and a version. */
export type OwnTable = 'chat_group' | 'number' | 'pause_reason' | 'phone' | 'queue' | 'skill' | 'sound' | 'trunk';

/** Rows of history name these for ever: they are marked, not removed. */
const MARKED: ReadonlySet<OwnTable> = new Set(['chat_group', 'queue']);

interface NamedRow {
  readonly id: string;
  readonly name: string;
}

/** A page of the query in the order of `table`'s names, of ids where they are the same. @throws AppError invalid for a cursor of another list */
export async function pageByName<From extends keyof Tables, Row extends NamedRow>(
  query: SelectQueryBuilder<Tables, From, Row>,
  table: From & string,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Row>> {
  const name = sql<string>`lower(${sql.ref(`${table}.name`)})`;
  const id = sql<string>`${sql.ref(`${table}.id`)}`;
  const after = readCursor(cursor, 2);
  const rest = after ? query.where(sql<boolean>`(${name}, ${id}) > (${after[0]}, ${after[1]})`) : query;
  const rows = await rest
    .select(name.as('sort_name'))
    .orderBy(name)
    .orderBy(id)
    .limit(limit + 1)
    .execute();
  return toPage(
    rows as (Row & { readonly sort_name: string })[],
    limit,
    (row) => [row.sort_name, row.id],
    (row) => row,
  );
}

/** @throws AppError not_found, also for a row of another account */
export async function readOwn<Table extends OwnTable>(
  db: Kysely<Tables>,
  table: Table,
  accountId: string,
  id: string,
): Promise<Selectable<Tables[Table]>> {
  let query = db
    .selectFrom(table as OwnTable)
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId);
  if (MARKED.has(table)) query = query.where(sql<boolean>`deleted_at is null`);
  const row = await query.executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row as Selectable<Tables[Table]>;
}

/** Sets what is not undefined, and moves the version on. */
export async function updateOwn<Table extends OwnTable>(
  trx: Kysely<Tables>,
  table: Table,
  accountId: string,
  id: string,
  columns: UpdateObject<Tables, Table>,
): Promise<void> {
  const set = { ...columns, version: sql`version + 1`, updated_at: sql`now()` };
  await trx
    .updateTable(table as OwnTable)
    .set(set as UpdateObject<Tables, OwnTable>)
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .execute();
}

export async function removeOwn(trx: Kysely<Tables>, table: OwnTable, accountId: string, id: string): Promise<void> {
  if (MARKED.has(table)) return updateOwn(trx, table, accountId, id, { deleted_at: sql`now()` } as UpdateObject<Tables, OwnTable>);
  await trx.deleteFrom(table).where('id', '=', id).where('account_id', '=', accountId).execute();
}

/** @throws AppError wrong_state when the account has so many of them already; `plural` says what they are */
export async function requireRoom(trx: Kysely<Tables>, table: OwnTable, accountId: string, most: number, plural: string): Promise<void> {
  const { count } = await trx
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (count >= most) throw new AppError('wrong_state', { detail: `At most ${most} ${plural}.` });
}
