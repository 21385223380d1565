/**
 * Agents: live state, and what they or those who supervise them tell them to do. A program that serves with an own desk keeps a socket
 * open, as that is what shows it is there; everything it does may go through here.
 */
import { z } from 'zod';
import type { Engine, Scope } from '../../queues/engine.ts';
import { actorOf, writeAuditOrLog } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { idParam } from '../api/fields.ts';
import { cursorOf, PAGE_MAX, type Page, pageAnswer, pageQuery, readCursor } from '../api/page.ts';
import { type Route, type RouteRequest, route } from '../api/route.ts';
import type { Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { isId, newId, type UserId } from '../base/ids.ts';
import { type AgentView, agentView } from '../protocol/views.ts';
import { changeAgentState, isOneself, type StateChange } from './agentCommands.ts';
import { agentAnswer, agentWork, pauseBody, servableQueue, stateBody } from './agentFields.ts';
import { liveQueues } from './visibleQueues.ts';

const tag = 'Agents';

/** Agents read for one page at most, whomever of them the asker may see. */
const READ_MOST = 1_000;

/** Those of some queues (undefined: of all) behind `after`. */
async function seenAgents(
  { views }: Pick<Engine, 'views'>,
  scope: Scope,
  seen: readonly string[] | undefined,
  limit: number,
  after: string | undefined,
): Promise<Page<AgentView>> {
  const items: AgentView[] = [];
  let next = after;
  for (let read = 0; items.length < limit && read < READ_MOST; ) {
    const size = seen === undefined ? limit - items.length : PAGE_MAX;
    const part = await views.agents(scope, { after: next, limit: size });
    const shown = part.agents.filter(({ queues }) => queues.some(({ id }) => seen === undefined || seen.includes(id)));
    items.push(...shown);
    next = part.next;
    if (next === undefined) break;
    read += size;
  }
  const cut = items.slice(0, limit);
  const last = items.length > limit ? cut.at(-1)?.id : next;
  return last === undefined ? { items: cut } : { items: cut, nextCursor: cursorOf([last]) };
}

export function agentRoutes(deps: AccessDeps): Route[] {
  const { engine } = deps;

  type Told = { readonly queues?: string[] | undefined; readonly reason?: string | undefined; readonly key?: string | undefined };
  const tell = (what: StateChange) => async (request: RouteRequest<{ id: string }, undefined, Told>) => {
    const accountId = accountOf(request.principal);
    const agentId = agentIdOf(request.params.id);
    const { queues, reason, key = newId('command') } = request.body;
    const scope = await scopeOf(deps, accountId);
    const agent = await changeAgentState(engine, scope, request.principal, { what, agentId, key, queues, reason });
    if (!isOneself(request.principal, agentId)) {
      const detail = { what, ...(queues && { queues }), ...(reason && { reason }) };
      const target = { kind: 'user', id: agentId };
      await writeAuditOrLog(deps, { accountId, actor: actorOf(request), action: 'agent.state_changed', target, detail });
    }
    return { status: 200, body: { agent } };
  };
  const shared = { method: 'POST', tag, action: 'agents.act', isIdempotent: true, params: idParam, answers: { 200: agentAnswer } } as const;

  return [
    route({
      method: 'GET',
      path: '/api/v1/agents',
      summary: 'Agents with their live state, by id; of some queues alone it may be fewer than "limit" though "nextCursor" tells of more',
      tag,
      action: 'agents.read',
      query: pageQuery,
      answers: { 200: pageAnswer(agentView) },
      handler: async (request) => {
        const { limit, cursor } = request.query;
        const scope = await scopeOf(deps, accountOf(request.principal));
        return { status: 200, body: await seenAgents(engine, scope, liveQueues(request.principal), limit, readCursor(cursor, 1)?.[0]) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/agents/:id/work',
      summary: 'What you have on the desk: your state, offers with their tokens, and conversations',
      tag,
      action: 'agents.act',
      params: idParam,
      answers: { 200: agentWork },
      handler: async (request) => {
        const scope = await scopeOf(deps, accountOf(request.principal));
        const found = await engine.views.agent(scope, ownIdOf(request.principal, request.params.id));
        if (!found) throw new AppError('not_found', { detail: 'You serve no queue.' });
        const { agent, interactions } = found;
        const offers = await Promise.all(
          found.offers.map(async ({ interaction: id, token, expiresAt }) => {
            const interaction = await engine.views.interaction(scope, id as never);
            return interaction ? [{ interaction, token, expiresAt }] : [];
          }),
        );
        return { status: 200, body: { agent, offers: offers.flat(), interactions } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/agents/:id/queues',
      summary: 'Queues you may sign in to: yours, and all others where the account lets you (ACC-5)',
      tag,
      action: 'agents.act',
      params: idParam,
      answers: { 200: z.object({ items: z.array(servableQueue) }) },
      handler: async (request) => {
        const scope = await scopeOf(deps, accountOf(request.principal));
        const agentId = ownIdOf(request.principal, request.params.id);
        const [account, agent, queues] = await Promise.all([
          engine.config.account(scope),
          engine.config.agent(scope, agentId),
          engine.config.queues(scope),
        ]);
        const items = queues
          .filter(({ id, isActive }) => isActive && (account?.canSignInAnywhere || agent?.queues.includes(id)))
          .map(({ id, name, channel }) => ({ id, name, channel, isAssigned: agent?.queues.includes(id) ?? false }))
          .sort((one, other) => one.name.localeCompare(other.name));
        return { status: 200, body: { items } };
      },
    }),
    route({
      ...shared,
      path: '/api/v1/agents/:id/sign-in',
      summary: 'Sign in to queues; to others than the assigned ones until signed out, where the account lets users (ACC-5)',
      body: stateBody,
      handler: tell('sign_in'),
    }),
    route({ ...shared, path: '/api/v1/agents/:id/sign-out', summary: 'Sign out of queues', body: stateBody, handler: tell('sign_out') }),
    route({
      ...shared,
      path: '/api/v1/agents/:id/pause',
      summary: 'Pause, altogether or in some queues; with a reason while reasons are switched on (RTE-7)',
      body: pauseBody,
      handler: tell('pause'),
    }),
    route({ ...shared, path: '/api/v1/agents/:id/resume', summary: 'End a pause', body: stateBody, handler: tell('resume') }),
  ];
}

/** @throws AppError not_found */
function agentIdOf(text: string): UserId {
  if (!isId('user', text)) throw new AppError('not_found');
  return text;
}

/** For what is only about oneself. @throws AppError not_found */
function ownIdOf(principal: Principal, text: string): UserId {
  if (!isOneself(principal, text)) throw new AppError('not_found');
  return agentIdOf(text);
}
