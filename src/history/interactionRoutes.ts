/** HIS-1, HIS-2: the list of conversations with filters, one in detail, its messages by page. Staff see their queues, administrators all. */
import { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import type { Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { type InteractionId, isId } from '../base/ids.ts';
import { visibleQueues } from '../routing/visibleQueues.ts';
import type { HistoryDeps } from './deps.ts';
import { historyDetail, historyFilters, historyItem, messagePage } from './historyViews.ts';
import { END, readMessages } from './messages.ts';
import { findParty, partyOfRow } from './party.ts';
import { hasMonth } from './position.ts';
import { findInteraction, listInteractions, listParticipants, listSegments, toItem } from './queries.ts';
import { type Viewer, viewerOf } from './visibility.ts';

const tag = 'History';
const idParam = z.object({ id: z.string().max(40) });
const DETAIL_MESSAGES = 50;

export function interactionRoutes(deps: HistoryDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/interactions',
      summary: 'Conversations, newest first',
      tag,
      action: 'history.read',
      query: pageQuery.extend(historyFilters.shape),
      answers: { 200: pageAnswer(historyItem) },
      handler: async (request) => {
        const { limit, cursor, ...filters } = request.query;
        const before = readCursor(cursor, 1)?.[0];
        if (before !== undefined && !(isId('interaction', before) && hasMonth(before)))
          throw new AppError('invalid', { fields: [{ path: 'cursor', message: 'not a cursor of this list' }] });
        const queues = visibleQueues(request.principal);
        const rows = await listInteractions(deps.db, accountOf(request.principal), { ...filters, queues, before, limit: limit + 1 });
        return { status: 200, body: toPage(rows, limit, (row) => [row.id], toItem) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id',
      summary: 'One conversation: times, segments, participants, outcome, rating, notes and the latest messages',
      tag,
      action: 'history.read',
      params: idParam,
      answers: { 200: historyDetail },
      handler: async (request) => ({ status: 200, body: await detail(deps, request.principal, request.params.id) }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id/messages',
      summary: 'Messages of a conversation, latest page first, oldest first within a page',
      tag,
      action: 'history.read',
      params: idParam,
      query: pageQuery,
      answers: { 200: messagePage },
      handler: async (request) => {
        const { limit, cursor } = request.query;
        const { scope, id } = await target(deps, request.principal, request.params.id);
        const party = await findParty(deps, scope, id);
        const viewer = party && viewerOf(request.principal, party, 'history.read');
        if (!viewer) throw new AppError('not_found');
        const before = readCursor(cursor, 1)?.[0] ?? String(END);
        if (!/^\d{1,10}$/.test(before))
          throw new AppError('invalid', { fields: [{ path: 'cursor', message: 'not a cursor of this list' }] });
        return { status: 200, body: await messagesPage(deps, scope, id, viewer, Number(before), limit) };
      },
    }),
  ];
}

/** @throws AppError not_found, also for what was opened a moment ago and is not written yet */
async function detail(deps: HistoryDeps, principal: Principal, text: string): Promise<z.infer<typeof historyDetail>> {
  const { scope, id } = await target(deps, principal, text);
  const row = await findInteraction(deps.db, scope.accountId, id);
  // While it runs Redis knows who takes part now; a helper from another queue may read along.
  const party = row && ((await findParty(deps, scope, id)) ?? partyOfRow(row));
  const viewer = party && viewerOf(principal, party, 'history.read');
  if (!row || !viewer) throw new AppError('not_found');
  const [segments, participants, conversation] = await Promise.all([
    listSegments(deps.db, scope.accountId, id),
    listParticipants(deps.db, scope.accountId, id),
    messagesPage(deps, scope, id, viewer, END, DETAIL_MESSAGES),
  ]);
  const item = toItem(row);
  return {
    ...item,
    client: { ...item.client, email: row.email ?? '' },
    page: row.page ?? '',
    userAgent: row.user_agent ?? '',
    note: row.note ?? '',
    ratingComment: row.rating_comment ?? '',
    segments,
    participants,
    conversation,
  };
}

async function messagesPage(
  deps: HistoryDeps,
  scope: Scope,
  id: InteractionId,
  viewer: Viewer,
  before: number,
  limit: number,
): Promise<z.infer<typeof messagePage>> {
  const { messages, hasEarlier, reached } = await readMessages(deps, scope, id, viewer, before, limit);
  return hasEarlier ? { messages, nextCursor: Buffer.from(JSON.stringify([String(reached)])).toString('base64url') } : { messages };
}

async function target({ engine }: HistoryDeps, principal: Principal, text: string): Promise<{ scope: Scope; id: InteractionId }> {
  const scope = await engine.config.scopeOf(accountOf(principal));
  if (!scope || !isId('interaction', text)) throw new AppError('not_found');
  return { scope, id: text };
}
