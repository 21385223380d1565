/**
 * The routing rules, pure: what an agent may take, what an interaction needs after so long, in which order agents and interactions come.
 * Written from the specification (RTE-1…11), apart from the scripts; the model and the invariants judge by them.
 */
import type { AgentDoc, Medium, QueueDoc, SkillNeed } from '../../../queues/config.ts';

export const MEDIA = ['chat', 'voice', 'video'] as const;

/** One thing that takes an agent's capacity. A wrap-up holds the medium of what was served. */
export interface Hold {
  readonly interaction: string;
  readonly queue: string;
  medium: Medium;
  kind: 'offer' | 'owned' | 'wrapup';
}

export interface AgentState {
  readonly id: string;
  doc: AgentDoc;
  isDeleted: boolean;
  status: 'out' | 'on' | 'paused';
  reason: string;
  devices: number;
  /** Of them, where calls can reach the agent. */
  phones: number;
  /** Queues signed in to, and those of them that are paused by themselves. */
  queues: ReadonlySet<string>;
  pausedIn: ReadonlySet<string>;
  holds: Hold[];
  freed: number;
}

export const countOf = (agent: AgentState, medium: Medium): number => agent.holds.filter((hold) => hold.medium === medium).length;

export function capacityOf({ capacity, voiceCapacity, videoCapacity }: AgentDoc, medium: Medium): number {
  return { chat: capacity, voice: voiceCapacity, video: videoCapacity }[medium];
}

/** RTE-5: room for one more of the medium beside what is held: below its capacity, and it may interrupt every other medium that is held. */
export function hasRoom(agent: AgentState, medium: Medium): boolean {
  if (countOf(agent, medium) >= capacityOf(agent.doc, medium)) return false;
  return MEDIA.every(
    (other) => other === medium || countOf(agent, other) === 0 || agent.doc.interrupts.includes(`${medium}>${other}` as never),
  );
}

/** GRP-5. */
export function isWithinLimit(agent: AgentState, queue: QueueDoc): boolean {
  return queue.limitPerAgent === 0 || agent.holds.filter((hold) => hold.queue === queue.id).length < queue.limitPerAgent;
}

export const hasSkills = (agent: AgentState, needs: readonly SkillNeed[]): boolean =>
  needs.every(({ skill, level }) => (agent.doc.skills[skill] ?? 0) >= level);

/** RTE-4: takes part in the queue's distribution. */
export function isServing(agent: AgentState, queue: string): boolean {
  return agent.doc.isActive && !agent.isDeleted && agent.status === 'on' && agent.queues.has(queue) && !agent.pausedIn.has(queue);
}

/** RTE-4: who has phones takes calls only while one of them is live. */
export const isReachable = (agent: AgentState, medium: Medium): boolean => medium !== 'voice' || !agent.doc.hasPhone || agent.phones > 0;

/** Whether the engine may offer it: the agent is there, not paused, has room, is within the queue's limit, and holds the skills. */
export function mayTake(agent: AgentState, queue: QueueDoc, medium: Medium, needs: readonly SkillNeed[]): boolean {
  const isThere = isServing(agent, queue.id) && agent.devices > 0 && queue.isActive && isReachable(agent, medium);
  return isThere && hasRoom(agent, medium) && isWithinLimit(agent, queue) && hasSkills(agent, needs);
}

/** RTE-1: the least comes first; waiting longer needs no rewriting. */
export const scoreOf = (start: number, queue: Pick<QueueDoc, 'priority' | 'weightSec'>, own: number): number =>
  start - (queue.priority + own) * queue.weightSec * 1_000;

/** RTE-3: both lists in one; the higher level of a skill named twice. */
export function joinNeeds(...lists: readonly (readonly SkillNeed[])[]): SkillNeed[] {
  const levels = new Map<string, number>();
  for (const { skill, level } of lists.flat()) levels.set(skill, Math.max(level, levels.get(skill) ?? 0));
  return [...levels].map(([skill, level]) => ({ skill, level }));
}

/** RTE-3: what is needed after so long in the queue; each step says by how much the first levels are lowered. */
export function relaxed(needs: readonly SkillNeed[], queue: QueueDoc, waitedMs: number): SkillNeed[] {
  const due = queue.relaxation.filter(({ afterSec }) => afterSec * 1_000 <= waitedMs);
  const lowerBy = Math.max(0, ...due.map((step) => step.lowerBy));
  return needs.map(({ skill, level }) => ({ skill, level: level - lowerBy })).filter(({ level }) => level >= 1);
}

export const needText = (needs: readonly SkillNeed[]): string =>
  needs
    .map(({ skill, level }) => `${skill}=${level}`)
    .sort()
    .join(',');

export function parseNeeds(text: string | undefined): SkillNeed[] {
  return (text ?? '')
    .split(',')
    .filter((need) => need !== '')
    .map((need) => ({ skill: need.slice(0, need.lastIndexOf('=')), level: Number(need.slice(need.lastIndexOf('=') + 1)) }));
}
