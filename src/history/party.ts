/** Whose conversation it is: from Redis while it stands there, else from PostgreSQL. */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import type { InteractionView } from '../protocol/views.ts';
import { hasMonth, monthOfInteraction } from './position.ts';
import type { Party } from './visibility.ts';

export function partyOfView(accountId: string, view: InteractionView): Party {
  const memberIds = [...(view.owner ? [view.owner.id] : []), ...view.participants.map(({ id }) => id)];
  return { accountId, queueId: view.queue, contactId: view.client.id, memberIds };
}

export function partyOfRow(row: { account_id: string; queue_id: string; contact_id: string; owner_id: string | null }): Party {
  return { accountId: row.account_id, queueId: row.queue_id, contactId: row.contact_id, memberIds: row.owner_id ? [row.owner_id] : [] };
}

/** @throws AppError unavailable when it has left Redis and PostgreSQL is away */
export async function findParty(
  { engine, db }: { engine: Pick<Engine, 'views'>; db: Db },
  scope: Scope,
  id: InteractionId,
): Promise<Party | undefined> {
  const view = await engine.views.interaction(scope, id);
  if (view) return partyOfView(scope.accountId, view);
  if (!hasMonth(id)) return undefined;
  const row = await db
    .selectFrom('interaction')
    .select(['account_id', 'queue_id', 'contact_id', 'owner_id'])
    .where('id', '=', id)
    .where('month', '=', monthOfInteraction(id))
    .where('account_id', '=', scope.accountId)
    .executeTakeFirst();
  return row && partyOfRow(row);
}
