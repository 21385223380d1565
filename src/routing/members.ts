/** Membership of queues: who serves and who supervises. Statements of the user and queue routes. */
import type { Transaction } from 'kysely';
import { AppError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

/** An agent's document holds at most as many (`agentDoc`). */
const QUEUES_PER_USER = 200;

export interface Member {
  readonly accountId: string;
  readonly queueId: string;
  readonly userId: string;
  readonly role: 'agent' | 'supervisor';
}

/** Does nothing when it is so already. @throws AppError not_found (queue of another account), wrong_state (too many queues) */
export async function addMember(trx: Transaction<Tables>, { accountId, queueId, userId, role }: Member): Promise<void> {
  const queue = await trx
    .selectFrom('queue')
    .select('id')
    .where('id', '=', queueId)
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!queue) throw new AppError('not_found', { detail: 'There is no such queue.' });
  const { count } = await trx
    .selectFrom('queue_member')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .where('role', '=', role)
    .where('queue_id', '!=', queueId)
    .executeTakeFirstOrThrow();
  if (count >= QUEUES_PER_USER) throw new AppError('wrong_state', { detail: `A person can be in ${QUEUES_PER_USER} queues at most.` });
  await trx
    .insertInto('queue_member')
    .values({ account_id: accountId, queue_id: queueId, user_id: userId, role })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
