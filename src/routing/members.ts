/** Membership of queues: who serves and who supervises. Statements of the user and queue routes. */
import type { Transaction } from 'kysely';
import { AppError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

/** Serving: every change of an agent's state touches all of the agent's queues in one script. Supervising costs nothing there. */
const QUEUES_PER_USER = { agent: 50, supervisor: 200 } as const;

export interface Member {
  readonly accountId: string;
  readonly queueId: string;
  readonly userId: string;
  readonly role: 'agent' | 'supervisor';
  /** Place in the order of linear queues; null: last; undefined: as it is. */
  readonly order?: number | null | undefined;
}

/** Changes no more than the order when it is so already. @throws AppError not_found (queue of another account), wrong_state (too many queues) */
export async function addMember(trx: Transaction<Tables>, { accountId, queueId, userId, role, order }: Member): Promise<void> {
  const queue = await trx
    .selectFrom('queue')
    .select('id')
    .where('id', '=', queueId)
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!queue) throw new AppError('not_found', { detail: 'There is no such queue.' });
  const present = await trx.selectFrom('queue_member').select('queue_id').where('user_id', '=', userId).where('role', '=', role).execute();
  const isNew = !present.some((member) => member.queue_id === queueId);
  const most = QUEUES_PER_USER[role];
  if (isNew && present.length >= most) throw new AppError('wrong_state', { detail: `A person can be ${role} in ${most} queues at most.` });
  await trx
    .insertInto('queue_member')
    .values({ account_id: accountId, queue_id: queueId, user_id: userId, role, position: order ?? null })
    .onConflict((conflict) =>
      order === undefined ? conflict.doNothing() : conflict.columns(['queue_id', 'user_id', 'role']).doUpdateSet({ position: order }),
    )
    .execute();
}
