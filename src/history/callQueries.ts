/** Reads of the history of calls, one function per question, every one bound to the account. */
import { type Expression, type SqlBool, sql } from 'kysely';
import type { InteractionId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import { type CallFilters, type CallItem, type CallLegView, callLeg } from './callViews.ts';
import { hasMonth, monthOf, monthOfInteraction } from './position.ts';

/** An id is made a little before the moment it is stored under. */
const ID_LEAD_MS = 86_400_000;

/** Whose calls are shown: all (undefined), or those of these queues and those that the person had a phone in. */
export interface CallScope {
  readonly queues: readonly string[];
  readonly agent: string;
}

function selectCalls(db: Db, accountId: string) {
  return db
    .selectFrom('interaction as i')
    .leftJoin('interaction_detail as d', (join) => join.onRef('d.interaction_id', '=', 'i.id').onRef('d.month', '=', 'i.month'))
    .leftJoin('queue as q', (join) => join.onRef('q.id', '=', 'i.queue_id').onRef('q.account_id', '=', 'i.account_id'))
    .leftJoin('app_user as o', (join) => join.onRef('o.id', '=', 'i.owner_id').onRef('o.account_id', '=', 'i.account_id'))
    .select([
      'i.id',
      'i.account_id',
      'i.queue_id',
      'i.contact_id',
      'i.owner_id',
      'i.origin',
      'i.state',
      'i.created_at',
      'i.started_at',
      'i.ended_at',
      'i.closed_at',
      'i.close_reason',
      'i.outcome',
      'i.outcome_kind',
      'q.name as queue_name',
      sql<string | null>`(select o ->> 'name' from jsonb_array_elements(q.outcomes) o where o ->> 'id' = i.outcome limit 1)`.as(
        'outcome_name',
      ),
      'o.name as owner_name',
      'd.name as client_name',
      'd.note',
      sql<number>`(select count(*) from call_leg c where c.interaction_id = i.id and c.month = i.month)`.as('legs'),
      sql<string | null>`(select c.name from call_leg c where c.interaction_id = i.id and c.month = i.month and c.role = 'customer'
        order by c.started_at limit 1)`.as('number'),
    ])
    .where('i.account_id', '=', accountId)
    .where('i.channel', '=', 'voice');
}
export type CallRow = Awaited<ReturnType<ReturnType<typeof selectCalls>['execute']>>[number];

const hasPhone = (agent: string): Expression<SqlBool> =>
  sql<boolean>`(i.owner_id = ${agent} or exists (select 1 from call_leg c where c.interaction_id = i.id and c.month = i.month and c.agent_id = ${agent}))`;

/** Newest first, those after `before`. */
export async function listCalls(
  db: Db,
  accountId: string,
  options: CallFilters & { readonly scope: CallScope | undefined; readonly before: string | undefined; readonly limit: number },
): Promise<CallRow[]> {
  const { queue, agent, direction, result, from, to, number, scope, before, limit } = options;
  let query = selectCalls(db, accountId);
  if (scope) query = query.where(sql<boolean>`(i.queue_id = any(${scope.queues}::text[]) or ${hasPhone(scope.agent)})`);
  if (queue) query = query.where('i.queue_id', '=', queue);
  if (agent) query = query.where(hasPhone(agent));
  if (direction) query = query.where('i.origin', direction === 'inbound' ? 'in' : 'not in', ['inbound', 'offline']);
  if (from !== undefined)
    query = query.where('i.created_at', '>=', new Date(from)).where('i.month', '>=', monthOf(Math.max(0, from - ID_LEAD_MS)));
  if (to !== undefined) query = query.where('i.created_at', '<', new Date(to)).where('i.month', '<=', monthOf(to));
  if (number)
    query = query.where(
      sql<boolean>`exists (select 1 from call_leg c where c.interaction_id = i.id and c.month = i.month and position(${number} in c.name) > 0)`,
    );
  if (before) query = query.where(sql<boolean>`(i.month, i.id) < (${monthOfInteraction(before)}::date, ${before})`);
  switch (result) {
    case undefined:
      break;
    case 'in_progress':
      query = query.where('i.state', 'in', ['waiting', 'offered', 'served']);
      break;
    case 'answered':
      query = query.where('i.started_at', 'is not', null).where('i.state', 'in', ['ended', 'closed']);
      break;
    default:
      query = query.where('i.started_at', 'is', null).where('i.close_reason', '=', result);
  }
  return query.orderBy('i.month', 'desc').orderBy('i.id', 'desc').limit(limit).execute();
}

/** @returns undefined also for a call that is not in the scope */
export async function findCall(db: Db, accountId: string, id: InteractionId, scope: CallScope | undefined): Promise<CallRow | undefined> {
  if (!hasMonth(id)) return undefined;
  let query = selectCalls(db, accountId).where('i.id', '=', id).where('i.month', '=', monthOfInteraction(id));
  if (scope) query = query.where(sql<boolean>`(i.queue_id = any(${scope.queues}::text[]) or ${hasPhone(scope.agent)})`);
  return query.executeTakeFirst();
}

/** In the order in which they began. */
export async function listLegs(db: Db, accountId: string, id: InteractionId): Promise<CallLegView[]> {
  const rows = await db
    .selectFrom('call_leg as c')
    .leftJoin('app_user as a', (join) => join.onRef('a.id', '=', 'c.agent_id').on('a.account_id', '=', accountId))
    .select(['c.id', 'c.call_id', 'c.role', 'c.agent_id', 'a.name as agent_name', 'c.name', 'c.cause', 'c.stats'])
    .select(['c.started_at', 'c.answered_at', 'c.ended_at'])
    .where('c.interaction_id', '=', id)
    .where('c.month', '=', monthOfInteraction(id))
    .where('c.account_id', '=', accountId)
    .orderBy('c.started_at')
    .orderBy('c.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    call: row.call_id,
    role: row.role,
    ...(row.agent_id ? { agent: { id: row.agent_id, name: row.agent_name ?? '' } } : {}),
    name: row.name ?? '',
    startedAt: row.started_at.getTime(),
    ...(row.answered_at ? { answeredAt: row.answered_at.getTime() } : {}),
    endedAt: row.ended_at.getTime(),
    cause: row.cause,
    quality: callLeg.shape.quality.safeParse(row.stats).data ?? {},
  }));
}

export function toCallItem(row: CallRow): CallItem {
  const createdAt = row.created_at.getTime();
  const answeredAt = row.started_at?.getTime();
  const endedAt = (row.ended_at ?? row.closed_at)?.getTime();
  const waitedUntil = answeredAt ?? endedAt ?? Date.now();
  return {
    interaction: row.id,
    direction: row.origin === 'inbound' || row.origin === 'offline' ? 'inbound' : 'outbound',
    result: resultOf(row),
    ...(row.queue_id ? { queue: { id: row.queue_id, name: row.queue_name ?? '' } } : {}),
    caller: { id: row.contact_id, name: row.client_name ?? '' },
    number: row.number ?? '',
    ...(row.owner_id ? { agent: { id: row.owner_id, name: row.owner_name ?? '' } } : {}),
    createdAt,
    ...(answeredAt === undefined ? {} : { answeredAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    waitMs: Math.max(0, waitedUntil - createdAt),
    ...(answeredAt === undefined || endedAt === undefined ? {} : { talkMs: Math.max(0, endedAt - answeredAt) }),
    ...(row.outcome ? { outcome: { id: row.outcome, name: row.outcome_name ?? '', kind: row.outcome_kind ?? '' } } : {}),
    legs: row.legs,
  };
}

function resultOf({ state, started_at: startedAt, close_reason: reason }: CallRow): CallItem['result'] {
  if (state !== 'ended' && state !== 'closed') return 'in_progress';
  if (startedAt) return 'answered';
  return reason === 'diverted' || reason === 'rejected' || reason === 'unanswered' ? reason : 'abandoned';
}
