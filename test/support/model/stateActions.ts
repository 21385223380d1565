/** Steps that change where an agent is signed in or paused become commands, each with the answer foretold and what must be so afterwards. */
import type { Router } from '../../../queues/engine.ts';
import { type Action, at, check, type SceneIds } from './action.ts';
import type { RoutingModel } from './routingModel.ts';
import type { AgentState } from './rules.ts';

export function stateAction(
  step: { readonly queues: readonly number[]; readonly isSupervisor: boolean },
  method: 'pause' | 'resume' | 'signIn' | 'signOut',
  model: RoutingModel,
  ids: SceneIds,
  agent: AgentState,
  key: string,
): Action {
  const queues = [...new Set(step.queues.map((place) => at(ids.queues, place) ?? ''))];
  const { isSupervisor } = step;
  const command = {
    agentId: agent.id,
    key,
    reason: 'lunch',
    ...(isSupervisor ? { isSupervisor } : {}),
    ...(queues.length > 0 ? { queues } : {}),
  };
  const run = ({ router }: { router: Router }) => router[method](ids.scope, command as never);
  const label = `${method} ${agent.id} [${queues}]${isSupervisor ? ' by a supervisor' : ''}`;
  const shared = { label, run, isKeyed: true, record: key };
  const isGone = !agent.doc.isActive || agent.isDeleted;
  if (isGone) return { ...shared, expected: undefined };
  const state = (model: RoutingModel) => model.agents.get(agent.id);
  switch (method) {
    case 'signIn': {
      const wanted = queues.length > 0 ? queues : agent.doc.queues;
      const isAllowed =
        isSupervisor || ids.canSignInAnywhere || wanted.every((queue) => agent.doc.queues.includes(queue) || agent.queues.has(queue));
      const isKnown = model.isAccountActive && wanted.every((queue) => model.queues.get(queue)?.isActive);
      return {
        ...shared,
        expected: isKnown ? [isAllowed && wanted.length > 0 ? 'ok' : 'forbidden'] : undefined,
        after: (model) =>
          check(
            wanted.every((queue) => state(model)?.queues.has(queue)),
            `${agent.id} is not signed in to ${wanted}`,
          ),
      };
    }
    case 'signOut':
      return {
        ...shared,
        expected: ['ok'],
        after: (model) =>
          check(
            queues.length > 0
              ? queues.every((queue) => !state(model)?.queues.has(queue))
              : state(model)?.queues.size === 0 && state(model)?.status === 'out',
            `${agent.id} is still signed in`,
          ),
      };
    case 'pause':
      return {
        ...shared,
        expected: agent.status === 'out' || !queues.every((queue) => agent.queues.has(queue)) ? ['not_signed_in'] : ['ok'],
        after: (model) =>
          check(
            queues.length === 0
              ? state(model)?.status === 'paused'
              : queues.every(
                  (queue) => !state(model)?.queues.has(queue) || state(model)?.pausedIn.has(queue) || state(model)?.status === 'paused',
                ),
            `${agent.id} is not paused`,
          ),
      };
    case 'resume':
      return {
        ...shared,
        expected: agent.status === 'out' ? ['not_signed_in'] : ['ok'],
        after: (model) => {
          const now = state(model);
          const isRight = queues.length === 0 ? now?.status === 'on' : queues.every((queue) => !now?.pausedIn.has(queue));
          return check(isRight, `${agent.id} is still paused`);
        },
      };
  }
}
