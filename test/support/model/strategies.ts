/**
 * RTE-2: whom each mode puts first among those who may take it. Agents who missed the interaction come after those who did not. Where the mode
 * draws, or two are level, all who could rightly be first are named. Pure.
 */
import type { QueueDoc, SkillNeed } from '../../../queues/config.ts';
import type { AgentState } from './rules.ts';

/** `queue agent` → interactions given today, and when the last. */
export type GivenToday = Map<string, { readonly count: number; readonly last: number }>;

type Key = readonly number[];

function keyOf(queue: QueueDoc, agent: AgentState, given: GivenToday): Key {
  const today = given.get(`${queue.id} ${agent.id}`) ?? { count: 0, last: 0 };
  switch (queue.mode) {
    case 'balanced':
      return [agent.holds.length, agent.freed];
    case 'longest_idle':
      return [agent.freed];
    case 'fewest_calls':
      return [today.count, agent.freed];
    case 'round_robin':
      return [today.last];
    case 'linear':
      return [agent.doc.order[queue.id] ?? Number.MAX_SAFE_INTEGER];
    case 'random':
      return [today.count];
    case 'skills':
    case 'ring_all':
    case 'manual':
      return [];
  }
}

export function firstByStrategy(
  queue: QueueDoc,
  one: { readonly missed: ReadonlySet<string>; readonly need: readonly SkillNeed[] },
  agents: readonly AgentState[],
  given: GivenToday,
): ReadonlySet<string> {
  const untried = agents.filter((agent) => !one.missed.has(agent.id));
  const able = untried.length > 0 ? untried : agents;
  const keys = able.map((agent) => keyOf(queue, agent, given));
  const least = keys.reduce<Key | undefined>((best, key) => (best && compare(best, key) <= 0 ? best : key), undefined) ?? [];
  if (queue.mode === 'random') {
    // RTE-2: totals of the day differ by at most one per twenty.
    const lowest = least[0] ?? 0;
    return new Set(able.filter((_, index) => (keys[index]?.[0] ?? 0) <= lowest + Math.floor(lowest / 20)).map(({ id }) => id));
  }
  return new Set(able.filter((_, index) => compare(keys[index] ?? [], least) === 0).map(({ id }) => id));
}

function compare(one: Key, other: Key): number {
  for (let at = 0; at < one.length; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
