/** What agents say of themselves, and how they are said; who and what is stirred by a step. Pure. */
import type { RoutingModel } from './routingModel.ts';
import type { AgentState } from './rules.ts';
import type { StoredEvent } from './snapshot.ts';
import { DAY_MS } from './strategies.ts';

/** What each agent says of itself in the step, and what stands after it: a script may tell of a change before or after what the change caused. */
export function announced(events: readonly StoredEvent[], agents: ReadonlyMap<string, AgentState>, last: ReadonlyMap<string, AgentState>) {
  const states = new Map([...last].map(([id, state]) => [id, [state]]));
  for (const { type, body } of events) {
    const agent = type === 'agent.changed' && body.queues !== undefined ? agents.get(body.a) : undefined;
    if (!agent) continue;
    const said = {
      status: body.status,
      queues: words(body.queues),
      pausedIn: words(body.paused ?? ''),
      devices: body.dv ?? agent.devices,
      phones: body.ph ?? agent.phones,
    };
    states.set(agent.id, [...(states.get(agent.id) ?? []), { ...agent, ...said }]);
  }
  return states;
}

export const words = (text: string): Set<string> => new Set(text.split(' ').filter((word) => word !== ''));

export function describe(agent: AgentState): string {
  const { status, devices, phones, holds, doc } = agent;
  const held = holds.map((hold) => `${hold.kind}:${hold.medium}`);
  return JSON.stringify({
    status,
    devices,
    ...(doc.hasPhone ? { phones } : {}),
    held,
    queues: [...agent.queues],
    pausedIn: [...agent.pausedIn],
    skills: doc.skills,
    active: doc.isActive,
  });
}

/** Of a decision: which side looked, and the key that decided. */
export type Why = { readonly by: string; readonly k: string };

/** Events after which an interaction waits in another place, by another score or for others than before. */
export const COMES_TO_WAIT: ReadonlySet<string> = new Set([
  'interaction.created',
  'interaction.moved',
  'interaction.queued',
  'interaction.requeued',
  'interaction.changed',
  'offer.gone',
]);

const COMES_FREE = new Set(['offer.gone', 'interaction.requeued', 'interaction.closed', 'wrapup.ended', 'agent.changed']);

/** Agents for whom something is looked for in the step. */
export function cameFree(events: readonly StoredEvent[], { agents, interactions, queues, given }: RoutingModel): ReadonlySet<string> {
  const free = new Set<string>();
  for (const { type, at, body } of events) {
    if (COMES_FREE.has(type)) free.add(body.a);
    if (type === 'interaction.changed' && body.what === 'media') free.add(interactions.get(body.i)?.owner ?? '');
    const mode = type === 'interaction.taken' ? queues.get(body.q)?.mode : undefined;
    const day = Math.floor(at / DAY_MS);
    // The first of a day puts all agents of such a queue in order anew.
    const isFirst =
      (mode === 'random' || mode === 'fewest_calls') &&
      ![...given.counts.keys()].some((key) => key.startsWith(`${body.q} `) && key.endsWith(` ${day}`));
    if (type === 'config.applied' || isFirst) for (const id of agents.keys()) free.add(id);
  }
  return free;
}
