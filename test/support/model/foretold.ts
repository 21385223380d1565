/** The answers that the specification asks for, told from the model before the command is given. Undefined: not foretold. Pure. */
import type { Answer } from './action.ts';
import type { ModelInteraction } from './modelInteraction.ts';
import type { RoutingModel } from './routingModel.ts';
import { type AgentState, hasRoom, isReachable, isWithinLimit } from './rules.ts';

export function claimAnswer(model: RoutingModel, one: ModelInteraction, agent: AgentState): readonly Answer[] | undefined {
  if (one.state === 'closed' || (one.state === 'ended' && one.owner !== agent.id)) return ['gone'];
  if (one.owner === agent.id) return ['ok'];
  if (one.state === 'served') return ['already_taken'];
  if (one.state === 'offered') return one.offered.has(agent.id) ? ['ok'] : ['already_taken'];
  const queue = model.queues.get(one.queue);
  if (!agent.doc.isActive || agent.isDeleted) return ['forbidden'];
  if (agent.status === 'out' || !agent.queues.has(one.queue)) return ['not_signed_in'];
  if (!model.isAccountActive || !queue?.isActive) return undefined;
  if (!isReachable(agent, one.medium)) return ['not_signed_in'];
  return hasRoom(agent, one.medium) && isWithinLimit(agent, queue) ? ['ok'] : ['at_capacity'];
}

export function transferAnswer(
  model: RoutingModel,
  one: ModelInteraction,
  to: AgentState,
  from: string,
  isSupervisor: boolean,
): readonly Answer[] | undefined {
  if (one.state !== 'served') return ['wrong_state'];
  if (one.owner !== from && !isSupervisor) return ['forbidden'];
  if (one.owner === to.id) return ['ok'];
  const queue = model.queues.get(one.queue);
  if (to.isDeleted) return undefined;
  if (!to.doc.isActive || to.status !== 'on' || to.devices === 0 || !isReachable(to, one.medium)) return ['not_signed_in'];
  return queue && hasRoom(to, one.medium) && isWithinLimit(to, queue) ? ['ok'] : ['at_capacity'];
}

export function requeueAnswer(
  model: RoutingModel,
  one: ModelInteraction,
  from: string,
  queueId: string,
  isSupervisor: boolean,
): readonly Answer[] {
  if (one.state === 'closed' || one.state === 'ended') return ['gone'];
  if (one.state !== 'served') return ['wrong_state'];
  if (one.owner !== from && !isSupervisor) return ['forbidden'];
  return model.isAccountActive && model.queues.get(queueId)?.isActive ? ['ok'] : ['not_found'];
}

export function mediumAnswer(
  model: RoutingModel,
  one: ModelInteraction,
  medium: ModelInteraction['medium'],
): readonly Answer[] | undefined {
  if (one.state === 'closed' || one.state === 'ended') return ['gone'];
  if (one.medium === medium) return ['ok'];
  const owner = model.agents.get(one.owner);
  if (one.state !== 'served' || !owner) return ['ok'];
  const others = { ...owner, holds: owner.holds.filter((hold) => hold.interaction !== one.id) };
  return hasRoom(others, medium) ? ['ok'] : ['at_capacity'];
}
