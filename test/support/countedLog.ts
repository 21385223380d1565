/**
 * Figures of a queue, added up naively from the whole event log: what the scripts count in constant work has to equal it. Knows nothing of how they
 * count; only the definitions of the metrics are the same (`queues/scripts/lib/stats.lua`).
 */
import type { QueueFigures } from '../../src/protocol/views.ts';

const HALF_MINUTE = 30_000;
const WINDOW = 30;
const DAY = 86_400_000;

export interface LoggedEvent {
  readonly type: string;
  readonly at: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Happening {
  readonly queue: string;
  readonly at: number;
  readonly ms: number;
  readonly kind: 'answered' | 'abandoned' | 'handled';
}

interface Change {
  readonly at: number;
  readonly held: number;
  readonly isOnline: boolean;
}

export interface CountedLog {
  /** What the figures of the queue must say at that time; `serviceLevelMs` and who is signed in are configuration and state. */
  figures(
    queue: string,
    at: number,
    serviceLevelMs: number,
    agents: readonly string[],
  ): Pick<QueueFigures, 'answered' | 'abandoned' | 'averageWaitMs' | 'serviceLevel' | 'today' | 'occupancy'>;
}

/** `hasWrapUp`: whether an owner of the queue's is done with an interaction only when the wrap-up ends. */
export function countLog(log: readonly LoggedEvent[], hasWrapUp: (queue: string) => boolean): CountedLog {
  const happenings: Happening[] = [];
  const enteredAt = new Map<string, number>();
  const takenAt = new Map<string, number>();
  const answered = new Set<string>();
  const offered = new Set<string>();
  const changes = new Map<string, Change[]>();

  function change(agent: string, at: number, by: number, isOnline?: boolean): void {
    const all = changes.get(agent) ?? [];
    const last = all.at(-1) ?? { held: 0, isOnline: false };
    all.push({ at, held: last.held + by, isOnline: isOnline ?? last.isOnline });
    changes.set(agent, all);
  }

  for (const { type, at, body } of log) {
    const [i, q, a] = [String(body['i'] ?? ''), String(body['q'] ?? ''), String(body['a'] ?? '')];
    if (type === 'interaction.created' || type === 'interaction.moved') enteredAt.set(i, at);
    if (type === 'offer.made') {
      offered.add(`${i} ${a}`);
      change(a, at, 1);
    }
    if (type === 'offer.gone') {
      offered.delete(`${i} ${a}`);
      change(a, at, -1);
    }
    if (type === 'interaction.taken') {
      takenAt.set(i, at);
      if (!offered.delete(`${i} ${a}`)) change(a, at, 1);
      if (!answered.has(i)) happenings.push({ queue: q, at, ms: at - (enteredAt.get(i) ?? at), kind: 'answered' });
      answered.add(i);
    }
    if (type === 'interaction.requeued') change(a, at, -1);
    if (type === 'interaction.closed' && body['reason'] === 'abandoned' && !answered.has(i)) {
      happenings.push({ queue: q, at, ms: at - (enteredAt.get(i) ?? at), kind: 'abandoned' });
    }
    if (type === 'wrapup.ended' || (type === 'interaction.closed' && a !== '' && !hasWrapUp(q))) {
      happenings.push({ queue: q, at, ms: at - (takenAt.get(i) ?? at), kind: 'handled' });
      change(a, at, -1);
    }
    if (type === 'agent.changed' && body['dv'] !== undefined) change(a, at, 0, body['status'] === 'on' && Number(body['dv']) > 0);
  }

  function summed(queue: string, from: number, serviceLevelMs: number) {
    const of = (kind: Happening['kind']): Happening[] =>
      happenings.filter((each) => each.queue === queue && each.kind === kind && each.at >= from);
    const [answers, losses, handled] = [of('answered'), of('abandoned'), of('handled')];
    const inTime = answers.filter(({ ms }) => ms <= serviceLevelMs).length;
    const counted = answers.length + losses.filter(({ ms }) => ms > serviceLevelMs).length;
    return {
      answered: answers.length,
      abandoned: losses.length,
      handled: handled.length,
      ...(answers.length > 0 ? { averageWaitMs: mean(answers) } : {}),
      ...(handled.length > 0 ? { averageHandleMs: mean(handled) } : {}),
      ...(counted > 0 ? { serviceLevel: share(inTime, counted) } : {}),
    };
  }

  /** Time between `from` and `to` in which it was so. */
  function timeOf(agent: string, from: number, to: number, isSo: (state: Change) => boolean): number {
    const all = changes.get(agent) ?? [];
    let sum = 0;
    for (const [index, state] of all.entries()) {
      if (isSo(state)) sum += Math.max(0, Math.min(all[index + 1]?.at ?? to, to) - Math.max(state.at, from));
    }
    return sum;
  }

  return {
    figures(queue, at, serviceLevelMs, agents) {
      const from = (Math.floor(at / HALF_MINUTE) - WINDOW + 1) * HALF_MINUTE;
      const { handled: _, averageHandleMs: __, ...window } = summed(queue, from, serviceLevelMs);
      const total = (isSo: (state: Change) => boolean): number => agents.reduce((sum, agent) => sum + timeOf(agent, from, at, isSo), 0);
      const online = total((state) => state.isOnline);
      return {
        ...window,
        today: summed(queue, Math.floor(at / DAY) * DAY, serviceLevelMs),
        ...(online > 0
          ? {
              occupancy: share(
                total((state) => state.isOnline && state.held > 0),
                online,
              ),
            }
          : {}),
      };
    },
  };
}

const mean = (all: readonly Happening[]): number => Math.round(all.reduce((sum, { ms }) => sum + ms, 0) / all.length);
const share = (part: number, whole: number): number => Math.round((part / whole) * 1_000) / 1_000;
