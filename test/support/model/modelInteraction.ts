/** An interaction as the model knows it. Pure data. */
import type { Medium, SkillNeed } from '../../../queues/config.ts';

export interface ModelInteraction {
  readonly id: string;
  readonly contact: string;
  readonly start: number;
  queue: string;
  /** In this queue since. */
  entered: number;
  score: number;
  state: 'waiting' | 'offered' | 'served' | 'ended' | 'closed';
  medium: Medium;
  priority: number;
  /** What it needs now, and what it needed when it came into the queue. */
  need: readonly SkillNeed[];
  firstNeed: readonly SkillNeed[];
  /** What it asks for of its own, and what is preferred: told by the command alone, so taken as stored. */
  own: readonly SkillNeed[];
  preferred: readonly SkillNeed[];
  /** RTE-11: kept for this agent until. */
  keptFor: string;
  keptUntil: number;
  /** Steps of the queue's recipe that ran, from 1. */
  ran: Set<number>;
  /** Agents who are rung, under one token. */
  offered: Set<string>;
  token: string;
  due: number;
  /** When it began to ring. */
  offeredAt: number;
  owner: string;
  /** Agents who missed it since it was last taken: they come last. */
  missed: Set<string>;
  /** Invited agents. */
  joined: Set<string>;
  presence: 'connected' | 'reconnecting' | 'gone';
  /** Queues it has been in: a recipe enters none of them again (RTE-10). */
  visited: Set<string>;
  closedAs: string;
}

/** What nobody knows anything of but where it waits. `own`: what it needs by itself. */
export function waitingInteraction(
  { id, queue, contact, start }: Pick<ModelInteraction, 'id' | 'queue' | 'contact' | 'start'>,
  own: readonly SkillNeed[],
  now: number,
): ModelInteraction {
  return {
    id,
    contact,
    start,
    queue,
    entered: now,
    score: 0,
    state: 'waiting',
    medium: 'chat',
    priority: 0,
    need: [],
    firstNeed: [],
    own,
    preferred: [],
    keptFor: '',
    keptUntil: 0,
    ran: new Set(),
    offered: new Set(),
    token: '',
    due: 0,
    offeredAt: 0,
    owner: '',
    missed: new Set(),
    joined: new Set(),
    presence: 'connected',
    visited: new Set([queue]),
    closedAs: '',
  };
}
