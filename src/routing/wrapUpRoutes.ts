/** RTE-8: ending a wrap-up early and extending it: the agent where the queue allows it, supervisors of the queue always. */
import { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import { actorOf, writeAuditOrLog } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { noContent } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { can, type Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { type InteractionId, isId, newId, type UserId } from '../base/ids.ts';
import { settled } from '../gateway/commandRefused.ts';
import { findParty } from '../history/party.ts';
import { isOneself } from './agentCommands.ts';
import { extendBody } from './agentFields.ts';

const tag = 'Agents';
const params = z.object({ id: z.string().max(40), interactionId: z.string().max(40) });

interface WrapUp {
  readonly scope: Scope;
  readonly agentId: UserId;
  readonly interactionId: InteractionId;
  readonly isSupervisor: boolean;
}

export function wrapUpRoutes(deps: AccessDeps): Route[] {
  const { engine } = deps;

  /** @throws AppError not_found: no such agent or interaction, or not of a queue they supervise */
  async function wrapUpOf(principal: Principal, given: z.infer<typeof params>): Promise<WrapUp> {
    const scope = await scopeOf(deps, accountOf(principal));
    const { id: agentId, interactionId } = given;
    if (!isId('user', agentId) || !isId('interaction', interactionId)) throw new AppError('not_found');
    const isSupervisor = !isOneself(principal, agentId);
    if (isSupervisor) {
      const party = await findParty(deps, scope, interactionId);
      const { accountId } = scope;
      if (!party || !can(principal, 'conversation.supervise', { kind: 'queue', accountId, queueId: party.queueId }))
        throw new AppError('not_found');
    }
    return { scope, agentId, interactionId, isSupervisor };
  }

  /** ACC-11: what a supervisor did to somebody else's wrap-up. */
  const record = (request: Parameters<typeof actorOf>[0], { accountId }: Scope, agentId: UserId, detail: Record<string, unknown>) =>
    writeAuditOrLog(deps, {
      accountId,
      actor: actorOf(request),
      action: 'agent.state_changed',
      target: { kind: 'user', id: agentId },
      detail,
    });

  return [
    route({
      method: 'POST',
      path: '/api/v1/agents/:id/wrap-ups/:interactionId/end',
      summary: 'End a wrap-up now; one that is over already is ended',
      tag,
      action: 'agents.act',
      params,
      answers: { 204: noContent },
      handler: async (request) => {
        const { scope, agentId, interactionId, isSupervisor } = await wrapUpOf(request.principal, request.params);
        settled(await engine.router.endWrapUp(scope, { interactionId, agentId, isSupervisor }));
        if (isSupervisor) await record(request, scope, agentId, { what: 'end_wrap_up', interactionId });
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/agents/:id/wrap-ups/:interactionId/extend',
      summary: 'Make a wrap-up longer',
      tag,
      action: 'agents.act',
      isIdempotent: true,
      params,
      body: extendBody,
      answers: { 204: noContent },
      handler: async (request) => {
        const { scope, agentId, interactionId, isSupervisor } = await wrapUpOf(request.principal, request.params);
        const { bySec, key = newId('command') } = request.body;
        settled(await engine.router.extendWrapUp(scope, { interactionId, agentId, byMs: bySec * 1_000, key, isSupervisor }));
        if (isSupervisor) await record(request, scope, agentId, { what: 'extend_wrap_up', interactionId, bySec });
        return { status: 204 };
      },
    }),
  ];
}
