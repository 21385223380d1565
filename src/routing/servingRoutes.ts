/** Serving by REST: the commands of an agent's socket, with the same rights, for programs with a desk of their own. */
import type { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { idParam, noContent } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { can, type Principal, type UserPrincipal } from '../auth/can.ts';
import { personOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { type InteractionId, isId, newId } from '../base/ids.ts';
import { settled } from '../gateway/commandRefused.ts';
import { interactionView } from '../protocol/views.ts';
import { acceptBody, claimBody, closeBody } from './interactionFields.ts';

const tag = 'Interactions';

export function servingRoutes(deps: AccessDeps): Route[] {
  const { router, views } = deps.engine;

  /** @throws AppError forbidden (no person), not_found */
  async function served(principal: Principal, { id }: z.infer<typeof idParam>) {
    const person: UserPrincipal = personOf(principal);
    const scope: Scope = await scopeOf(deps, person.accountId);
    if (!isId('interaction', id)) throw new AppError('not_found');
    return { scope, person, interactionId: id as InteractionId, agentId: person.userId };
  }
  const shared = { method: 'POST', tag, params: idParam } as const;

  return [
    route({
      ...shared,
      path: '/api/v1/interactions/:id/accept',
      summary: 'Accept an offer',
      action: 'conversation.serve',
      body: acceptBody,
      answers: { 200: interactionView },
      handler: async (request) => {
        const { scope, interactionId, agentId } = await served(request.principal, request.params);
        const { token } = request.body;
        return { status: 200, body: settled(await router.acceptOffer(scope, { interactionId, agentId, token })).interaction };
      },
    }),
    route({
      ...shared,
      path: '/api/v1/interactions/:id/decline',
      summary: 'Decline an offer; it counts as missed and goes to the next agent',
      action: 'conversation.serve',
      body: acceptBody,
      answers: { 204: noContent },
      handler: async (request) => {
        const { scope, interactionId, agentId } = await served(request.principal, request.params);
        settled(await router.declineOffer(scope, { interactionId, agentId, token: request.body.token }));
        return { status: 204 };
      },
    }),
    route({
      ...shared,
      path: '/api/v1/interactions/:id/claim',
      summary: 'Take what waits in a manual queue (CHT-6)',
      action: 'conversation.serve',
      isIdempotent: true,
      body: claimBody,
      answers: { 200: interactionView },
      handler: async (request) => {
        const { scope, interactionId, agentId } = await served(request.principal, request.params);
        const { key = newId('command') } = request.body;
        return { status: 200, body: settled(await router.claimInteraction(scope, { interactionId, agentId, key })).interaction };
      },
    }),
    route({
      ...shared,
      path: '/api/v1/interactions/:id/close',
      summary: 'Close with an outcome, as its owner or as a supervisor of the queue',
      action: 'conversation.read',
      isIdempotent: true,
      body: closeBody,
      answers: { 204: noContent },
      handler: async (request) => {
        const { scope, person, interactionId, agentId } = await served(request.principal, request.params);
        const { outcome = '', note = '', key = newId('command') } = request.body;
        const view = await views.interaction(scope, interactionId);
        if (!view) throw new AppError('not_found');
        const queue = { kind: 'queue', accountId: scope.accountId, queueId: view.queue } as const;
        const isSupervisor = can(person, 'conversation.supervise', queue);
        if (!isSupervisor && view.owner?.id !== agentId && !can(person, 'conversation.read', queue)) throw new AppError('not_found');
        settled(await router.closeInteraction(scope, { interactionId, agentId, outcome, note, key, isSupervisor }));
        return { status: 204 };
      },
    }),
  ];
}
