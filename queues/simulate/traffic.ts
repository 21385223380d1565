/** Everybody who comes, with all that chance decides about them, drawn before the run: routing and staffing cannot change it. */
import type { Medium, SkillNeed } from '../config.ts';
import { drawMs } from './durations.ts';
import { Random } from './random.ts';
import type { RecordedRow } from './recorded.ts';
import { midnightOf, type Scenario, type ScenarioQueue } from './scenario.ts';
import { DAY_MS } from './times.ts';

/** One client who comes; times in Unix ms, durations in ms. */
export interface Arrival {
  readonly at: number;
  /** Place of its queue in the scenario. */
  readonly queue: number;
  readonly handleMs: number;
  /** Infinity: waits without end. */
  readonly patienceMs: number;
  readonly wrapUpMs: number | undefined;
  readonly required: readonly SkillNeed[];
  readonly priority: number;
  readonly medium: Medium;
  /** The same text, the same client; undefined: somebody new, or (`isReturning`) one of those who came before. */
  readonly contact: string | undefined;
  readonly isReturning: boolean;
}

const HOUR_MS = 3_600_000;
/** How often a patience is drawn again that contradicts what is known. */
const DRAWS = 100;

/** In order of time. @param seed of this repetition */
export function drawTraffic(scenario: Scenario, seed: number): Arrival[] {
  const arrivals = scenario.queues.flatMap((queue, at) => ofQueue(scenario, queue, at, seed));
  // Sorting is stable: at the same time the scenario's order of queues and of rows decides.
  return arrivals.sort((left, right) => left.at - right.at);
}

function ofQueue(scenario: Scenario, queue: ScenarioQueue, index: number, seed: number): Arrival[] {
  const chance = (what: string) => new Random(seed, `${queue.id}.${what}`);
  const draws = {
    handle: chance('handle'),
    patience: chance('patience'),
    wrapUp: chance('wrapUp'),
    needs: chance('needs'),
    client: chance('client'),
  };
  const media = Object.entries(queue.media ?? { [queue.settings.channel ?? 'chat']: 1 }) as [Medium, number][];

  function drawNeeds(): SkillNeed[] {
    return queue.skills.filter(({ probability }) => draws.needs.happens(probability)).map(({ skill, level }) => ({ skill, level }));
  }

  function drawMedium(): Medium {
    let rest = draws.client.uniform() * media.reduce((sum, [, weight]) => sum + weight, 0);
    return (media.find(([, weight]) => (rest -= weight) < 0) ?? media[0])?.[0] ?? 'chat';
  }

  function drawPriority(): number {
    return queue.priorities.reduce((sum, { add, probability }) => sum + (draws.needs.happens(probability) ? add : 0), 0);
  }

  /** Longer than what is known to have been waited. */
  function drawPatience(waitedMs: number): number {
    if (!queue.patience) return Number.POSITIVE_INFINITY;
    for (let draw = 0; draw < DRAWS; draw++) {
      const ms = drawMs(queue.patience, draws.patience);
      if (ms >= waitedMs) return ms;
    }
    return Number.POSITIVE_INFINITY;
  }

  function arrival(at: number, row?: RecordedRow): Arrival {
    const [drawnNeeds, drawnMedium, drawnPriority] = [drawNeeds(), drawMedium(), drawPriority()];
    const handleMs = drawMs(queue.handling, draws.handle);
    return {
      at,
      queue: index,
      handleMs: row?.handle === undefined ? handleMs : Math.round(row.handle * 1_000),
      patienceMs: row?.patience === undefined ? drawPatience((row?.waited ?? 0) * 1_000) : Math.round(row.patience * 1_000),
      wrapUpMs: queue.wrapUp && drawMs(queue.wrapUp, draws.wrapUp),
      required: row?.skills ? Object.entries(row.skills).map(([skill, level]) => ({ skill, level })) : drawnNeeds,
      priority: Math.min(1_000, row?.priority ?? drawnPriority),
      medium: row?.medium ?? drawnMedium,
      contact: row?.contact,
      isReturning: draws.client.happens(queue.returning),
    };
  }

  const { perHour, everySec, recorded } = queue.arrivals ?? {};
  if (recorded) return recordedOf(scenario, queue, recorded).map(({ at, row }) => arrival(at, row));
  const midnight = midnightOf(scenario);
  const [from, to] = [midnight + scenario.from, midnight + scenario.to];
  const times: number[] = [];
  if (everySec !== undefined) for (let at = from, count = 1; at < to; at = from + Math.round(everySec * 1_000 * count++)) times.push(at);
  if (perHour !== undefined) {
    const come = chance('arrivals');
    for (const period of periodsOf(scenario, perHour)) {
      // Without memory: at the border of two rates the time until the next is drawn anew.
      if (period.rate > 0)
        for (
          let at = period.from + (HOUR_MS / period.rate) * come.exponential();
          at < period.to;
          at += (HOUR_MS / period.rate) * come.exponential()
        )
          times.push(midnight + Math.round(at));
    }
  }
  return times.map((at) => arrival(at));
}

interface Period {
  readonly from: number;
  readonly to: number;
  readonly rate: number;
}

/** Times of day repeated on every day of the scenario; what does not lie between its `from` and `to` is cut off. */
function periodsOf({ from, to }: Scenario, perHour: number | readonly Period[]): Period[] {
  if (typeof perHour === 'number') return [{ from, to, rate: perHour }];
  const periods: Period[] = [];
  for (let day = -DAY_MS; day < to; day += DAY_MS)
    for (const period of perHour) {
      const cut = { from: Math.max(from, period.from + day), to: Math.min(to, period.to + day), rate: period.rate };
      if (cut.from < cut.to) periods.push(cut);
    }
  return periods.sort((left, right) => left.from - right.from);
}

function recordedOf(scenario: Scenario, queue: ScenarioQueue, rows: readonly RecordedRow[]): { at: number; row: RecordedRow }[] {
  const midnight = midnightOf(scenario);
  return timesOf(scenario, queue, rows).filter(({ at }) => at >= midnight + scenario.from && at < midnight + scenario.to);
}

/** The queue's rows with their time (Unix ms), whether or not it lies in what is simulated. */
export function timesOf(scenario: Scenario, queue: ScenarioQueue, rows: readonly RecordedRow[]): { at: number; row: RecordedRow }[] {
  const midnight = midnightOf(scenario);
  return rows
    .filter((row) => row.queue === undefined || row.queue === queue.id || row.queue === queue.name)
    .map((row) => ({ at: 'ofDayMs' in row.at ? midnight + row.at.ofDayMs : row.at.unixMs, row }));
}
