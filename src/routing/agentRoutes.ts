/** Live state of agents, from Redis. Administrators see all; others the agents they share a queue with. */
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { agentView } from '../protocol/views.ts';
import { visibleQueues } from './visibleQueues.ts';

export function agentRoutes(deps: AccessDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/agents',
      summary: 'Agents with their live state',
      tag: 'Agents',
      action: 'agents.read',
      answers: { 200: z.object({ items: z.array(agentView) }) },
      handler: async (request) => {
        const agents = await deps.engine.views.agents(await scopeOf(deps, accountOf(request.principal)));
        const seen = visibleQueues(request.principal);
        const items = seen ? agents.filter((agent) => agent.queues.some((queue) => seen.includes(queue.id))) : agents;
        return { status: 200, body: { items } };
      },
    }),
  ];
}
