/** What stands in Redis against what the model makes of the events. Pure. */
import type { ModelInteraction } from './modelInteraction.ts';
import type { RoutingModel } from './routingModel.ts';
import { type AgentState, needText, parseNeeds } from './rules.ts';
import type { Snapshot, StoredInteraction } from './snapshot.ts';

/** @return every difference, said with both values */
export function differences(model: RoutingModel, snapshot: Snapshot, stored: ReadonlyMap<string, AgentState>): string[] {
  const found: string[] = [];
  for (const one of snapshot.interactions.values()) {
    const told = model.interactions.get(one.id);
    if (!told) found.push(`${one.id} stands in Redis, no event told of it`);
    else compare(found, one.id, interactionFacts(told), storedFacts(one, told));
  }
  for (const agent of model.agents.values()) {
    const there = stored.get(agent.id);
    if (there) compare(found, agent.id, agentFacts(agent), agentFacts(there));
  }
  return found;
}

type Facts = Readonly<Record<string, string | number>>;

function compare(found: string[], id: string, told: Facts, stored: Facts): void {
  for (const [name, value] of Object.entries(told)) {
    if (stored[name] !== value) found.push(`${id}: ${name} is ${stored[name]}, by the events ${value}`);
  }
}

const sorted = (items: Iterable<string>): string => [...items].sort().join(' ');

function interactionFacts(one: ModelInteraction): Facts {
  const isOpen = one.state !== 'closed';
  return {
    state: one.state,
    ...(isOpen && {
      queue: one.queue,
      medium: one.medium,
      owner: one.owner,
      offered: sorted(one.offered),
      priority: one.priority,
      presence: one.presence,
      joined: sorted(one.joined),
      ...(one.state === 'waiting' && { need: needText(one.need), missed: sorted(one.missed), score: one.score }),
    }),
  };
}

function storedFacts({ fields }: StoredInteraction, told: ModelInteraction): Facts {
  const parts = fields['parts'] ? (JSON.parse(fields['parts']) as [string, string][]) : [];
  return {
    state: fields['st'] ?? '',
    queue: fields['q'] ?? '',
    medium: fields['ch'] ?? 'chat',
    owner: fields['own'] ?? '',
    offered: told.state === 'offered' ? sorted((fields['oa'] ?? '').split(',')) : '',
    priority: Number(fields['pri'] ?? 0),
    presence: fields['pres'] ?? '',
    joined: sorted(parts.map(([agent]) => agent)),
    need: needText(parseNeeds(fields['need'])),
    missed: sorted(new Set((fields['missed'] ?? '').split(',').filter((agent) => agent !== ''))),
    score: Number(fields['score']),
  };
}

const agentFacts = (agent: AgentState): Facts => ({
  status: agent.status,
  devices: agent.devices,
  phones: agent.doc.hasPhone ? agent.phones : 0,
  queues: sorted(agent.queues),
  pausedIn: sorted([...agent.pausedIn].filter((queue) => agent.queues.has(queue))),
  holds: sorted(agent.holds.map((hold) => `${hold.kind}:${hold.interaction}:${hold.medium}:${hold.queue}`)),
  freed: agent.freed,
});
