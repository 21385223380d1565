/** Reads of history, one function per question, every one bound to the account. */
import { sql } from 'kysely';
import type { InteractionId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import type { HistoryFilters, HistoryItem, SegmentView } from './historyViews.ts';
import { hasMonth, monthOf, monthOfInteraction } from './position.ts';

/** An id is made a little before the moment it is stored under. */
const ID_LEAD_MS = 86_400_000;

function selectItems(db: Db, accountId: string) {
  return db
    .selectFrom('interaction as i')
    .leftJoin('interaction_detail as d', (join) => join.onRef('d.interaction_id', '=', 'i.id').onRef('d.month', '=', 'i.month'))
    .leftJoin('queue as q', (join) => join.onRef('q.id', '=', 'i.queue_id').onRef('q.account_id', '=', 'i.account_id'))
    .leftJoin('chat_group as g', (join) => join.onRef('g.id', '=', 'i.group_id').onRef('g.account_id', '=', 'i.account_id'))
    .leftJoin('app_user as o', (join) => join.onRef('o.id', '=', 'i.owner_id').onRef('o.account_id', '=', 'i.account_id'))
    .select([
      'i.id',
      'i.account_id',
      'i.queue_id',
      'i.group_id',
      'i.contact_id',
      'i.owner_id',
      'i.channel',
      'i.media',
      'i.origin',
      'i.language',
      'i.state',
      'i.created_at',
      'i.started_at',
      'i.ended_at',
      'i.ended_by',
      'i.closed_at',
      'i.close_reason',
      'i.outcome',
      'i.outcome_kind',
      'i.rating',
      'q.name as queue_name',
      'g.name as group_name',
      'o.name as owner_name',
      'd.name as client_name',
      'd.email',
      'd.page',
      'd.user_agent',
      'd.note',
      'd.rating_comment',
    ])
    .where('i.account_id', '=', accountId);
}
export type ItemRow = Awaited<ReturnType<ReturnType<typeof selectItems>['execute']>>[number];

/** Newest first, those after `before`. `queues` undefined: all of the account. */
export async function listInteractions(
  db: Db,
  accountId: string,
  filters: HistoryFilters & { readonly queues: readonly string[] | undefined; readonly before: string | undefined; readonly limit: number },
): Promise<ItemRow[]> {
  const { queue, group, agent, state, from, to, medium, name, queues, before, limit } = filters;
  let query = selectItems(db, accountId);
  if (queues) query = query.where('i.queue_id', 'in', queues.length > 0 ? [...queues] : ['']);
  if (queue) query = query.where('i.queue_id', '=', queue);
  if (group) query = query.where('i.group_id', '=', group);
  if (agent) query = query.where('i.owner_id', '=', agent);
  if (from !== undefined)
    query = query.where('i.created_at', '>=', new Date(from)).where('i.month', '>=', monthOf(Math.max(0, from - ID_LEAD_MS)));
  if (to !== undefined) query = query.where('i.created_at', '<', new Date(to)).where('i.month', '<=', monthOf(to));
  if (medium) query = query.where(sql<boolean>`(${medium} = any(i.media) or i.channel = ${medium})`);
  if (name) query = query.where('d.name', 'ilike', `%${name.replace(/[\\%_]/g, '\\$&')}%`);
  if (before) query = query.where(sql<boolean>`(i.month, i.id) < (${monthOfInteraction(before)}::date, ${before})`);
  switch (state) {
    case undefined:
      break;
    case 'in_progress':
      query = query.where('i.state', '!=', 'closed');
      break;
    case 'completed':
      query = query.where('i.state', '=', 'closed');
      break;
    case 'completed_ok':
      query = query.where('i.outcome_kind', '=', 'OK');
      break;
    case 'completed_ko':
      query = query.where('i.outcome_kind', '=', 'KO');
      break;
    default:
      query = query.where('i.state', '=', state);
  }
  return query.orderBy('i.month', 'desc').orderBy('i.id', 'desc').limit(limit).execute();
}

export async function findInteraction(db: Db, accountId: string, id: InteractionId): Promise<ItemRow | undefined> {
  if (!hasMonth(id)) return undefined;
  return selectItems(db, accountId).where('i.id', '=', id).where('i.month', '=', monthOfInteraction(id)).executeTakeFirst();
}

/** In the order of the life. The caller checked that the interaction is of the account. */
export async function listSegments(db: Db, accountId: string, id: InteractionId): Promise<SegmentView[]> {
  const rows = await db
    .selectFrom('segment as s')
    .leftJoin('app_user as a', (join) => join.onRef('a.id', '=', 's.agent_id').on('a.account_id', '=', accountId))
    .select(['s.kind', 's.queue_id', 's.agent_id', 'a.name', 's.started_at', 's.ended_at', 's.began', 's.ended'])
    .where('s.interaction_id', '=', id)
    .where('s.month', '=', monthOfInteraction(id))
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('interaction as i')
          .select('i.id')
          .whereRef('i.id', '=', 's.interaction_id')
          .whereRef('i.month', '=', 's.month')
          .where('i.account_id', '=', accountId),
      ),
    )
    .orderBy('s.seq')
    .execute();
  return rows.map((row) => ({
    kind: row.kind,
    queue: row.queue_id,
    startedAt: row.started_at.getTime(),
    began: row.began,
    ...(row.agent_id ? { agent: { id: row.agent_id, name: row.name ?? '' } } : {}),
    ...(row.ended_at ? { endedAt: row.ended_at.getTime() } : {}),
    ...(row.ended ? { ended: row.ended } : {}),
  }));
}

/** Agents who joined beside the owner, in the order of their first joining. */
export async function listParticipants(db: Db, accountId: string, id: InteractionId): Promise<{ id: string; name: string }[]> {
  const rows = await db
    .selectFrom('event as e')
    .leftJoin('app_user as a', (join) => join.on(sql<boolean>`a.id = e.body->>'a'`).on('a.account_id', '=', accountId))
    .select([sql<string>`e.body->>'a'`.as('id'), 'a.name'])
    .where('e.interaction_id', '=', id)
    .where('e.account_id', '=', accountId)
    .where('e.month', '>=', monthOfInteraction(id))
    .where('e.type', '=', 'participant.joined')
    .orderBy('e.entry_ms')
    .orderBy('e.entry_seq')
    .execute();
  return [...new Map(rows.map((row) => [row.id, { id: row.id, name: row.name ?? '' }])).values()];
}

export function toItem(row: ItemRow): HistoryItem {
  return {
    id: row.id,
    channel: row.channel,
    media: row.media.length > 0 ? row.media : [row.channel],
    origin: row.origin,
    state: row.state,
    language: row.language,
    queue: { id: row.queue_id, name: row.queue_name ?? '' },
    ...(row.group_id ? { group: { id: row.group_id, name: row.group_name ?? '' } } : {}),
    client: { id: row.contact_id, name: row.client_name ?? '' },
    ...(row.owner_id ? { owner: { id: row.owner_id, name: row.owner_name ?? '' } } : {}),
    createdAt: row.created_at.getTime(),
    ...(row.started_at ? { startedAt: row.started_at.getTime() } : {}),
    ...(row.ended_at ? { endedAt: row.ended_at.getTime() } : {}),
    ...(row.ended_by ? { endedBy: row.ended_by } : {}),
    ...(row.closed_at ? { closedAt: row.closed_at.getTime() } : {}),
    ...(row.close_reason ? { closeReason: row.close_reason } : {}),
    ...(row.outcome ? { outcome: { id: row.outcome, kind: row.outcome_kind ?? '' } } : {}),
    ...(row.rating === null ? {} : { rating: row.rating }),
  };
}
