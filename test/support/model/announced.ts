/** What agents say of themselves, and how they are said. Pure. */
import type { AgentState } from './rules.ts';
import type { StoredEvent } from './snapshot.ts';

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
