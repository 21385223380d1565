/**
 * RTE-2: whom each mode puts first among those who may take it. Agents who missed the interaction come after those who did not. Where the mode
 * draws, or two are level, all who could rightly be first are named. Pure.
 */
import type { QueueDoc, SkillNeed } from '../../../queues/config.ts';
import type { AgentState } from './rules.ts';

export const DAY_MS = 86_400_000;

export interface GivenToday {
  /** `queue agent day` → interactions given. */
  readonly counts: Map<string, number>;
  /** `queue agent` → when its turn was, as a number that grows. */
  readonly turns: Map<string, number>;
}

type Key = readonly number[];

/** Behind every place that can be given. */
const NO_PLACE = 10_001;

/** Place and time free in one number, as Redis sorts by: of equal places above 2,047, or none, times are told apart to 8 ms. */
const rankOf = (place: number, freed: number): number => place * 2 ** 42 + freed;

interface Chosen {
  readonly missed: ReadonlySet<string>;
  readonly need: readonly SkillNeed[];
  readonly preferred: readonly SkillNeed[];
}

/** Levels held of what is wanted, where they suffice: more comes first. */
function meritOf(agent: AgentState, wanted: readonly SkillNeed[]): number {
  return wanted.reduce((sum, { skill, level }) => sum + ((agent.doc.skills[skill] ?? 0) >= level ? (agent.doc.skills[skill] ?? 0) : 0), 0);
}

function keyOf(queue: QueueDoc, agent: AgentState, given: GivenToday, now: number): Key {
  const today = given.counts.get(`${queue.id} ${agent.id} ${Math.floor(now / DAY_MS)}`) ?? 0;
  switch (queue.mode) {
    case 'balanced':
      return [agent.holds.length, agent.freed];
    case 'fewest_calls':
      return [today, agent.freed];
    case 'round_robin':
      return [given.turns.get(`${queue.id} ${agent.id}`) ?? 0];
    case 'linear':
      return [rankOf(agent.doc.order[queue.id] ?? NO_PLACE, agent.freed)];
    case 'random':
      return [today];
    case 'longest_idle':
    case 'skills':
      return [agent.freed];
    case 'ring_all':
    case 'manual':
      return [];
  }
}

export function firstByStrategy(
  queue: QueueDoc,
  one: Chosen,
  agents: readonly AgentState[],
  given: GivenToday,
  now: number,
): ReadonlySet<string> {
  const untried = agents.filter((agent) => !one.missed.has(agent.id));
  const able = untried.length > 0 ? untried : agents;
  if (queue.mode === 'ring_all') return new Set(able.map(({ id }) => id));
  const wanted = queue.mode === 'skills' ? [...one.need, ...one.preferred] : one.preferred;
  const keys = able.map((agent) => {
    // Once all have missed it, the round begins anew with the first by the strategy alone.
    const merit = untried.length > 0 ? -meritOf(agent, wanted) : 0;
    return [merit, ...keyOf(queue, agent, given, now)];
  });
  const least = keys.reduce<Key | undefined>((best, key) => (best && compare(best, key) <= 0 ? best : key), undefined) ?? [];
  if (queue.mode === 'random') {
    // RTE-2: a draw among those whose totals of the day differ by at most one per twenty. What is preferred counts among those drawn from; where skills
    // or a new try narrow the choice, among all.
    const totalOf = (agent: AgentState) => keyOf(queue, agent, given, now)[0] ?? 0;
    const lowest = Math.min(...agents.map(totalOf));
    const drawn = able.filter((agent) => totalOf(agent) <= lowest + Math.floor(lowest / 20));
    const isNarrowed = wanted.length > 0 && (one.missed.size > 0 || one.need.length > 0);
    const least = Math.min(...able.map(totalOf));
    const pool = isNarrowed ? able : drawn.length > 0 ? drawn : able.filter((agent) => totalOf(agent) === least);
    const most = Math.max(...pool.map((agent) => meritOf(agent, wanted)));
    return new Set(pool.filter((agent) => untried.length === 0 || meritOf(agent, wanted) === most).map(({ id }) => id));
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
