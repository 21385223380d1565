/** BEY-2: why this agent, why not me. Supervisors ask about their queues, administrators about all, agents about themselves. */
import { z } from 'zod';
import { cursorOf, pageQuery, readCursor } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { can, type Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import type { HistoryDeps } from './deps.ts';
import { explainRouting } from './explainRouting.ts';
import { routingPast } from './routingQueries.ts';
import { routingView } from './routingViews.ts';

export function routingRoutes({ db }: Pick<HistoryDeps, 'db'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id/routing',
      summary:
        'Why it was given to whom: every decision with the key that decided, the runner-up and who was left out; with `agent`: why not that one',
      tag: 'History',
      action: 'interactions.explain',
      params: z.object({ id: z.string().max(40) }),
      query: pageQuery.extend({
        agent: z.string().max(40).optional().describe('An agent to say of each decision why it was not they'),
      }),
      answers: { 200: routingView },
      handler: async ({ principal, params: { id }, query: { agent, limit, cursor } }) => {
        const accountId = accountOf(principal);
        if (!isId('interaction', id)) throw new AppError('not_found');
        if (agent !== undefined && !isId('user', agent))
          throw new AppError('invalid', { fields: [{ path: 'agent', message: 'not the id of a user' }] });
        const isSelf = principal.kind === 'user' && agent === principal.userId;
        const supervises = (queueId: string): boolean => can(principal, 'conversation.supervise', { kind: 'queue', accountId, queueId });
        const isVisible = (queueId: string): boolean => supervises(queueId) || (isSelf && mayAsk(principal, accountId, queueId));
        const after = Number(readCursor(cursor, 1)?.[0] ?? 0);
        const asked = { agentId: agent, isVisible, seesOthers: supervises, after, limit };
        const explained = await explainRouting(routingPast(db, accountId), id, asked);
        if (!explained) throw new AppError('not_found');
        const { hasMore, ...view } = explained;
        const last = view.decisions.at(-1);
        return { status: 200, body: hasMore && last ? { ...view, nextCursor: cursorOf([String(last.seq)]) } : view };
      },
    }),
  ];
}

function mayAsk(principal: Principal, accountId: string, queueId: string): boolean {
  return can(principal, 'interactions.explain', { kind: 'queue', accountId, queueId });
}
