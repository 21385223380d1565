/**
 * The two sides of every automatic decision, judged: the agent may take the interaction, and stands first by the queue's strategy, or the interaction
 * stands first by its score among those the agent may take. Pure; asked by the model for each offer and each interaction given without asking.
 */
import type { QueueDoc } from '../../../queues/config.ts';
import { describe, type Why } from './announced.ts';
import type { ModelInteraction } from './modelInteraction.ts';
import { type AgentState, isServing, mayTake, needText } from './rules.ts';
import { firstByStrategy, type GivenToday } from './strategies.ts';

/** What stood before the event that is judged. */
export interface World {
  readonly queues: ReadonlyMap<string, QueueDoc>;
  readonly agents: ReadonlyMap<string, AgentState>;
  readonly interactions: ReadonlyMap<string, ModelInteraction>;
  readonly given: GivenToday;
  readonly isAccountActive: boolean;
  /** Agents who may be in the midst of a search that was cut short: till it is over nobody else's choice falls on them. */
  readonly searching: ReadonlySet<string>;
  /** Agents who gave an offer back in this step: those who come free at once look one after the other, as they were rung. */
  readonly letGo: ReadonlySet<string>;
  /** What came to wait while such a search may have gone on: there alone the score does not decide. */
  readonly fresh: ReadonlySet<string>;
  readonly now: number;
  /** What was offered or owned and came back in the same step. */
  readonly returned: ReadonlySet<string>;
  /** The agent as it announces itself later in the same step: scripts announce a change before or after what it caused. */
  laterOf(agent: AgentState): readonly AgentState[];
}

/** @return what the rules do not allow */
export function judgeChoice(world: World, one: ModelInteraction, agentId: string, what: string, why: Why | undefined): string[] {
  const agent = world.agents.get(agentId);
  const queue = world.queues.get(one.queue);
  if (!agent || !queue) return [`INV-1 ${one.id} ${what} to ${agentId} in ${one.queue}: unknown`];
  const complaints: string[] = [];
  if (queue.mode === 'manual') complaints.push(`RTE-2 ${one.id} of a manual queue ${what}`);
  if (!world.isAccountActive) complaints.push(`RTE-12 ${one.id} ${what} although the account is inactive`);
  if (!mayTakeNowOrLater(world, agent, one)) {
    const who = `${agentId}, who may not take it: ${describe(agent)}`;
    return [...complaints, `INV-2 ${one.id} (${one.medium} ${needText(one.need)}) ${what} to ${who}`];
  }
  if (why?.k === 'sticky' || one.keptFor === agentId) return complaints;
  if (isKeptFor(world, one, agentId) && isStaying(world, one.keptFor, queue.id))
    complaints.push(`RTE-11 ${one.id} ${what} to ${agentId}, kept for ${one.keptFor}`);

  const still = candidates(world, one);
  const agents = still.includes(agent) ? still : [...still, agent];
  const others = waitingFor(world, agent).filter((each) => each !== one);
  // What was kept for another until this step looks for an agent itself, when its own deadline fires.
  const isKeptYet = (other: ModelInteraction) => why?.by === 'interaction' && other.keptFor !== '' && other.keptFor !== agentId;
  const before = others.filter((other) => !world.fresh.has(other.id) && !isKeptYet(other));
  // When all have missed it, whoever comes free first may have it again.
  const isRepeat = why?.by === 'agent' && agents.every((each) => one.missed.has(each.id));
  const isLooking = ({ id }: AgentState) => world.searching.has(id) || (why?.by === 'agent' && world.letGo.has(id));
  const choosable = agents.filter((each) => each === agent || !isLooking(each));
  const first = firstByStrategy(queue, one, choosable, world.given, world.now);
  const isFirstAgent = isRepeat || first.has(agentId);
  const isFirstInteraction = before.every((other) => other.score >= one.score || other.missed.has(agentId));
  if (choosable.length > 1 && others.length === 0 && !isFirstAgent) {
    const state = `turns ${[...world.given.turns]}, missed ${[...one.missed]}`;
    complaints.push(
      `RTE-2 ${one.id} ${what} to ${agentId}; by ${queue.mode} first of ${choosable.map(({ id }) => id)} (${state}): ${[...first]}`,
    );
  }
  // What comes back looks for an agent at once, before those who came free by it look at what waits.
  if (why?.by === 'interaction' && world.returned.has(one.id) && isFirstAgent) return complaints;
  const passedOver = `before ${before.map((each) => each.id)}`;
  if (!isFirstInteraction && (agents.length <= 1 || why?.by === 'agent'))
    complaints.push(`INV-8 ${one.id} ${what} to ${agentId}, ${passedOver}`);
  else if (!isFirstInteraction && !isFirstAgent)
    complaints.push(`INV-8 ${one.id} ${what} to ${agentId}: first for neither side, ${passedOver}`);
  return complaints;
}

/** Before the agent's own announcement or after it. */
function mayTakeNowOrLater(world: World, agent: AgentState, one: ModelInteraction): boolean {
  const queue = world.queues.get(one.queue);
  if (!queue) return false;
  if (mayTake(agent, queue, one.medium, one.need)) return true;
  return world.laterOf(agent).some((later) => mayTake({ ...later, holds: agent.holds }, queue, one.medium, one.need));
}

/** Both now and after the step: who is just leaving is no candidate. */
function mayTakeStill(world: World, agent: AgentState, one: ModelInteraction): boolean {
  const queue = world.queues.get(one.queue);
  if (!queue || !mayTake(agent, queue, one.medium, one.need)) return false;
  return world.laterOf(agent).every((later) => mayTake({ ...later, holds: agent.holds }, queue, one.medium, one.need));
}

function candidates(world: World, one: ModelInteraction): AgentState[] {
  return [...world.agents.values()].filter((agent) => !one.offered.has(agent.id) && mayTakeStill(world, agent, one));
}

/** Serves the queue before the step and after it. */
function isStaying(world: World, agentId: string, queue: string): boolean {
  const agent = world.agents.get(agentId);
  return agent !== undefined && isServing(agent, queue) && world.laterOf(agent).every((later) => isServing(later, queue));
}

function isKeptFor(world: World, one: ModelInteraction, agentId: string): boolean {
  return one.keptFor !== '' && one.keptFor !== agentId && one.keptUntil > world.now;
}

/** What waits in automatic queues and the agent may take. */
function waitingFor(world: World, agent: AgentState): ModelInteraction[] {
  return [...world.interactions.values()].filter(
    (one) =>
      one.state === 'waiting' &&
      world.queues.get(one.queue)?.mode !== 'manual' &&
      !isKeptFor(world, one, agent.id) &&
      mayTakeStill(world, agent, one),
  );
}
