/** The history of calls: supervisors see those of their queues, agents those they had a phone in, administrators all. */

import { z } from 'zod';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import type { Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { supervisedQueues } from '../routing/visibleQueues.ts';
import { type CallScope, findCall, listCalls, listLegs, toCallItem } from './callQueries.ts';
import { callDetail, callFilters, callItem } from './callViews.ts';
import type { HistoryDeps } from './deps.ts';
import { hasMonth } from './position.ts';
import { listSegments } from './queries.ts';

const tag = 'Calls';

export function callHistoryRoutes({ db }: HistoryDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/calls',
      summary: 'Phone calls, newest first',
      tag,
      action: 'history.read',
      query: pageQuery.extend(callFilters.shape),
      answers: { 200: pageAnswer(callItem) },
      handler: async (request) => {
        const { limit, cursor, ...filters } = request.query;
        const before = readCursor(cursor, 1)?.[0];
        if (before !== undefined && !(isId('interaction', before) && hasMonth(before)))
          throw new AppError('invalid', { fields: [{ path: 'cursor', message: 'not a cursor of this list' }] });
        const { principal } = request;
        const rows = await listCalls(db, accountOf(principal), { ...filters, scope: scopeOf(principal), before, limit: limit + 1 });
        return { status: 200, body: toPage(rows, limit, (row) => [row.id], toCallItem) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/calls/:interaction',
      summary: 'One call: its segments, and each phone in it with how it ended and how good it was (RTCP)',
      tag,
      action: 'history.read',
      params: z.object({ interaction: z.string().max(40) }),
      answers: { 200: callDetail },
      handler: async (request) => {
        const id = request.params.interaction;
        const accountId = accountOf(request.principal);
        const row = isId('interaction', id) ? await findCall(db, accountId, id, scopeOf(request.principal)) : undefined;
        if (!row || !isId('interaction', id)) throw new AppError('not_found');
        const [segments, phones] = await Promise.all([listSegments(db, accountId, id), listLegs(db, accountId, id)]);
        return { status: 200, body: { ...toCallItem(row), note: row.note ?? '', segments, phones } };
      },
    }),
  ];
}

function scopeOf(principal: Principal): CallScope | undefined {
  const queues = supervisedQueues(principal);
  return queues && { queues, agent: principal.kind === 'user' ? principal.userId : '' };
}
