/**
 * RTE-7: reasons for pausing. Statements that routes and the founding of accounts share, and the rule what a pause must say. The rule reads the
 * account's copy in Redis, so that agents pause while PostgreSQL is away.
 */
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { AccountDoc } from '../../queues/config.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { PauseReasonTable, Tables } from '../db/tables.ts';
import { nameKey } from './nameKey.ts';
import { DEFAULT_REASONS } from './pauseReasonFields.ts';

/**
 * What the engine says when it pauses somebody who let offers pass (RTE-6), or whose devices were all lost. No reason of an account is called so: the
 * engine ends the second by itself when a device comes back.
 */
const SYSTEM_REASON_KEYS: ReadonlySet<string> = new Set(['no answer', 'no_answer', 'connection lost', 'connection_lost']);

/** In their order. */
export function listPauseReasons(db: Kysely<Tables>, accountId: string): Promise<Selectable<PauseReasonTable>[]> {
  return db.selectFrom('pause_reason').selectAll().where('account_id', '=', accountId).orderBy('position').orderBy('id').execute();
}

/** On by default: every account begins with a few. */
export async function insertDefaultReasons(trx: Transaction<Tables>, accountId: string): Promise<void> {
  const rows = DEFAULT_REASONS.map((name, position) => ({
    id: newId('pauseReason'),
    account_id: accountId,
    name,
    name_key: nameKey(name),
    position,
  }));
  await trx.insertInto('pause_reason').values(rows).execute();
}

/** @throws AppError conflict for the name of the system's own reason */
export function requireOwnReason(name: string): void {
  if (SYSTEM_REASON_KEYS.has(nameKey(name)))
    throw new AppError('conflict', { detail: 'The system pauses people with this reason by itself. Choose another name.' });
}

/**
 * The name that the pause is kept under. `given` is id or name of a reason that is switched on; while none is, a pause has no reason.
 * @throws AppError invalid
 */
export function pauseReasonOf(account: Pick<AccountDoc, 'pauseReasons'>, given: string | undefined): string {
  const { pauseReasons } = account;
  const text = given?.trim() ?? '';
  if (pauseReasons.length === 0) {
    if (text === '') return '';
    throw new AppError('invalid', { fields: [{ path: 'reason', message: 'pause reasons are switched off: pause without one' }] });
  }
  const names = pauseReasons.map(({ name }) => name).join(', ');
  if (text === '') throw new AppError('invalid', { fields: [{ path: 'reason', message: `choose one of: ${names}` }] });
  const key = nameKey(text);
  const found = pauseReasons.find(({ id, name }) => id === text || nameKey(name) === key);
  if (!found) throw new AppError('invalid', { fields: [{ path: 'reason', message: `not a pause reason; choose one of: ${names}` }] });
  return found.name;
}
