/** Statements about numbers. Each is bound to an account, but the world's numbers, which are unique over all. */
import { type Kysely, sql } from 'kysely';
import { AppError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

const FIRST_EXTENSION = 100;

export function selectNumbers(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom('number')
    .innerJoin('queue', 'queue.id', 'number.queue_id')
    .selectAll('number')
    .select('queue.name as queue_name')
    .where('number.account_id', '=', accountId);
}

/** @throws AppError not_found, also for a number of another account */
export async function readNumber(db: Kysely<Tables>, accountId: string, id: string) {
  const row = await selectNumbers(db, accountId).where('number.id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}

/** VOX-1: the least extension from 100 on that leads to no queue and to no phone of the account. */
export async function nextExtension(db: Kysely<Tables>, accountId: string): Promise<string> {
  const rows = await db
    .selectFrom('number')
    .select(sql<number>`number::int`.as('extension'))
    .where('account_id', '=', accountId)
    .where(sql<boolean>`number ~ '^[1-9][0-9]{2,7}$'`)
    .union(
      db
        .selectFrom('phone')
        .select(sql<number>`extension::int`.as('extension'))
        .where('account_id', '=', accountId)
        .where('extension', 'is not', null),
    )
    .orderBy('extension')
    .execute();
  let next = FIRST_EXTENSION;
  for (const { extension } of rows) {
    if (extension > next) break;
    if (extension === next) next += 1;
  }
  return String(next);
}

/** One number leads to a queue or to a person, never to both. @throws AppError conflict */
export async function requireFreeExtension(
  db: Kysely<Tables>,
  accountId: string,
  extension: string,
  other: 'number' | 'phone',
): Promise<void> {
  const column = other === 'number' ? 'number' : 'extension';
  const taken = await db
    .selectFrom(other)
    .select('id')
    .where('account_id', '=', accountId)
    .where(sql<boolean>`${sql.ref(column)} = ${extension}`)
    .executeTakeFirst();
  if (taken) throw new AppError('conflict', { detail: other === 'number' ? 'A queue has this number.' : 'A phone has this number.' });
}

/** A voice queue of the account. @throws AppError invalid */
export async function requireVoiceQueue(db: Kysely<Tables>, accountId: string, queueId: string): Promise<void> {
  const queue = await db
    .selectFrom('queue')
    .select('channel')
    .where('id', '=', queueId)
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (queue?.channel === 'voice') return;
  const message = queue ? 'calls wait in voice queues only' : 'there is no such queue';
  throw new AppError('invalid', { fields: [{ path: 'queueId', message }] });
}

/** Of those that lead to the queue, at most five. */
export async function numbersOfQueue(db: Kysely<Tables>, queueId: string): Promise<string[]> {
  const rows = await db.selectFrom('number').select('number').where('queue_id', '=', queueId).orderBy('number').limit(5).execute();
  return rows.map((row) => row.number);
}
