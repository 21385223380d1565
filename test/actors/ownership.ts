/** The ledger's judgement of who was told to own what, and of how much one agent had at a time. Pure: from what was told to sentences. */
import type { Moment, Timeline } from './timeline.ts';

/** A reply that told an agent: you own this interaction. */
export interface OwnershipTold {
  readonly interaction: string;
  readonly agent: string;
  /** Feed offset at which it was true. */
  readonly off: number;
}

/** Ends an ownership. */
const ENDS: ReadonlySet<string> = new Set(['interaction.requeued', 'interaction.closed']);

/**
 * Between two agents' ownerships of one interaction its end must have been told. Told ownerships are the replies to agents and the events `interaction.taken`;
 * a pair is judged by a participant who received everything between the two.
 */
export function judgeOwnership(told: readonly OwnershipTold[], timelines: readonly Timeline[]): string[] {
  const found: string[] = [];
  const timelinesOf = Map.groupBy(timelines, ({ interaction }) => interaction);
  const toldOf = Map.groupBy(told, ({ interaction }) => interaction);
  for (const [interaction, readers] of timelinesOf) {
    const moments = mergedMoments(readers);
    const taken = moments.flatMap(({ off, event }) =>
      event.type === 'interaction.taken' ? [{ interaction, agent: event.agent.id, off }] : [],
    );
    const inOrder = [...taken, ...(toldOf.get(interaction) ?? [])].sort((a, b) => a.off - b.off);
    for (const [index, later] of inOrder.entries()) {
      const earlier = inOrder[index - 1];
      if (!earlier || earlier.agent === later.agent) continue;
      const hasEnd = moments.some(({ off, event }) => ENDS.has(event.type) && off > earlier.off && off <= later.off);
      if (!hasEnd && isCovered(readers, earlier.off, later.off)) {
        found.push(
          `${interaction} was owned by ${earlier.agent} at ${earlier.off} and by ${later.agent} at ${later.off}, and nothing ended the first`,
        );
      }
    }
  }
  return found;
}

/** No agent owned more running conversations at once than the capacity told. */
export function judgeCapacity(capacities: ReadonlyMap<string, number>, timelines: readonly Timeline[]): string[] {
  const changes: { at: number; agent: string; by: 1 | -1; interaction: string }[] = [];
  for (const [interaction, readers] of Map.groupBy(timelines, (timeline) => timeline.interaction)) {
    let owner: string | undefined;
    for (const { at, event } of mergedMoments(readers)) {
      const isEnd = ENDS.has(event.type) || event.type === 'interaction.ended';
      if (owner !== undefined && (isEnd || event.type === 'interaction.taken')) {
        changes.push({ at, agent: owner, by: -1, interaction });
        owner = undefined;
      }
      if (event.type === 'interaction.taken') {
        owner = event.agent.id;
        changes.push({ at, agent: owner, by: 1, interaction });
      }
    }
  }
  const found: string[] = [];
  const load = new Map<string, number>();
  // At the same millisecond an end frees the place for what is taken then.
  for (const { at, agent, by, interaction } of changes.sort((a, b) => a.at - b.at || a.by - b.by)) {
    const now = (load.get(agent) ?? 0) + by;
    load.set(agent, now);
    const capacity = capacities.get(agent);
    if (capacity !== undefined && now > capacity)
      found.push(`${agent} has capacity ${capacity} and owned ${now} conversations at ${at}, the last ${interaction}`);
  }
  return found;
}

function mergedMoments(readers: readonly Timeline[]): Moment[] {
  const merged = new Map<number, Moment>();
  for (const reader of readers) for (const [off, moment] of reader.moments) merged.set(off, moment);
  return [...merged.values()].sort((a, b) => a.off - b.off);
}

const isCovered = (readers: readonly Timeline[], from: number, to: number): boolean =>
  readers.some(({ stretches }) => stretches.some(({ first, last }) => first <= from && last >= to));
