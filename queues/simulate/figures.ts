/**
 * The figures of one run. Who came during warm-up is not counted; times are in seconds.
 *   service level = answered within the queue's time ÷ (answered + abandoned after that time)
 *   occupancy     = time with an interaction or wrap-up in hand ÷ time signed in and not paused (or still at work)
 */
import type { Fate } from './observer.ts';
import type { RunFacts } from './run.ts';
import { midnightOf, type Scenario } from './scenario.ts';

/** A figure that has no value (nobody was answered) is undefined. */
export type Figure = number | undefined;

export interface QueueResult {
  readonly came: Figure;
  readonly answered: Figure;
  readonly abandoned: Figure;
  /** Sent elsewhere by a recipe, or closed by it. */
  readonly diverted: Figure;
  /** Still waiting when the simulation ended. */
  readonly left: Figure;
  /** 0–1. */
  readonly serviceLevel: Figure;
  readonly abandonedShare: Figure;
  /** Share of those who came that were not answered in the moment they came. */
  readonly waitedShare: Figure;
  /** Mean wait of those who were answered. */
  readonly asaSec: Figure;
  /** Mean wait of all, those who left included. */
  readonly meanWaitSec: Figure;
  readonly wait50Sec: Figure;
  readonly wait90Sec: Figure;
  readonly wait95Sec: Figure;
  readonly wait99Sec: Figure;
  readonly longestWaitSec: Figure;
  readonly mostWaiting: Figure;
  readonly relaxed: Figure;
}

export interface GroupResult {
  readonly answered: Figure;
  readonly offers: Figure;
  readonly missed: Figure;
  /** Missed ÷ made. */
  readonly missedShare: Figure;
  /** 0–1. */
  readonly occupancy: Figure;
  /** Mean number signed in. */
  readonly staffed: Figure;
  /** Answered by the agent who answered fewest, and most. */
  readonly fewestAnswered: Figure;
  readonly mostAnswered: Figure;
}

/** Per interval, by when they came. */
export interface QueueIntervals {
  readonly came: Figure[];
  readonly abandoned: Figure[];
  readonly serviceLevel: Figure[];
  /** Mean number waiting. */
  readonly waiting: Figure[];
}

export interface GroupIntervals {
  readonly staffed: Figure[];
  readonly working: Figure[];
}

export interface RunFigures {
  readonly queues: readonly QueueResult[];
  readonly all: QueueResult;
  readonly groups: readonly GroupResult[];
  readonly queueIntervals: readonly QueueIntervals[];
  readonly allIntervals: QueueIntervals;
  readonly groupIntervals: readonly GroupIntervals[];
}

export function figuresOf(scenario: Scenario, { observer, center }: RunFacts): RunFigures {
  const from = midnightOf(scenario) + scenario.from + scenario.warmUpMin * 60_000;
  const width = scenario.intervalMin * 60_000;
  const counted = observer.fates.filter((fate) => fate.at >= from);
  const limitsMs = center.queues.map(({ doc }) => doc.serviceLevelSec * 1_000);
  const waiting = observer.waiting.map((series) => series.finish());
  const byQueue = scenario.queues.map((_, queue) => counted.filter((fate) => fate.queue === queue));
  const count = waiting[0]?.means.length ?? 0;

  function intervals(fates: readonly Fate[], means: readonly number[]): QueueIntervals {
    const inInterval = Array.from({ length: count }, (): Fate[] => []);
    for (const fate of fates) inInterval[Math.floor((fate.at - from) / width)]?.push(fate);
    return {
      came: inInterval.map((list) => list.length),
      abandoned: inInterval.map((list) => list.filter(isAbandoned).length),
      serviceLevel: inInterval.map((list) => serviceLevel(list, limitsMs)),
      waiting: [...means],
    };
  }

  const groups = observer.groups.map(({ staffed, working }) => ({ staffed: staffed.finish(), working: working.finish() }));
  const totalMeans = Array.from({ length: count }, (_, at) => waiting.reduce((sum, { means }) => sum + (means[at] ?? 0), 0));
  return {
    queues: byQueue.map((fates, queue) => queueResult(fates, limitsMs, waiting[queue]?.most)),
    all: queueResult(counted, limitsMs, undefined),
    groups: groups.map(({ staffed, working }, place) => {
      const members = observer.agents.filter((_, agent) => center.agents[agent]?.group === place);
      const [answered, offers, missed] = [sum(members, 'answered'), sum(members, 'offers'), sum(members, 'missed')];
      return {
        answered,
        offers,
        missed,
        missedShare: share(missed, offers),
        occupancy: share(working.integral, staffed.integral),
        staffed: staffed.means.reduce((total, mean) => total + mean, 0) / staffed.means.length,
        fewestAnswered: members.reduce((least, agent) => Math.min(least, agent.answered), Number.POSITIVE_INFINITY),
        mostAnswered: members.reduce((most, agent) => Math.max(most, agent.answered), 0),
      };
    }),
    queueIntervals: byQueue.map((fates, queue) => intervals(fates, waiting[queue]?.means ?? [])),
    allIntervals: intervals(counted, totalMeans),
    groupIntervals: groups.map(({ staffed, working }) => ({ staffed: staffed.means, working: working.means })),
  };
}

const isAbandoned = (fate: Fate): boolean => fate.reason === 'abandoned' && fate.takenAt === undefined;
/** How long it waited until it was answered, left or was sent elsewhere. */
const waitedMs = (fate: Fate): number => (fate.takenAt ?? fate.closedAt ?? fate.at) - fate.at;
const share = (part: number, whole: number): Figure => (whole > 0 ? part / whole : undefined);
const sum = (
  members: readonly { readonly answered: number; readonly offers: number; readonly missed: number }[],
  what: 'answered' | 'offers' | 'missed',
) => members.reduce((total, member) => total + member[what], 0);

/** Each by the time that its own queue sets. */
function serviceLevel(fates: readonly Fate[], limitsMs: readonly number[]): Figure {
  let inTime = 0;
  let whole = 0;
  for (const fate of fates) {
    const isInTime = waitedMs(fate) <= (limitsMs[fate.queue] ?? 0);
    if (fate.takenAt !== undefined) {
      whole++;
      if (isInTime) inTime++;
    } else if (isAbandoned(fate) && !isInTime) whole++;
  }
  return share(inTime, whole);
}

function queueResult(fates: readonly Fate[], limitsMs: readonly number[], mostWaiting: Figure): QueueResult {
  const answered = fates.filter((fate) => fate.takenAt !== undefined);
  const over = fates.filter((fate) => fate.takenAt !== undefined || fate.closedAt !== undefined);
  const abandoned = fates.filter(isAbandoned).length;
  const waits = answered.map(waitedMs).sort((left, right) => left - right);
  /** The least wait that so large a share of the answered did not pass. */
  const percentile = (part: number): Figure => seconds(waits[Math.max(0, Math.ceil(part * waits.length) - 1)]);
  return {
    came: fates.length,
    answered: answered.length,
    abandoned,
    diverted: over.length - answered.length - abandoned,
    left: fates.length - over.length,
    serviceLevel: serviceLevel(fates, limitsMs),
    abandonedShare: share(abandoned, over.length),
    waitedShare: share(over.filter((fate) => waitedMs(fate) > 0).length, over.length),
    asaSec: seconds(mean(waits)),
    meanWaitSec: seconds(mean(over.map(waitedMs))),
    wait50Sec: percentile(0.5),
    wait90Sec: percentile(0.9),
    wait95Sec: percentile(0.95),
    wait99Sec: percentile(0.99),
    longestWaitSec: seconds(waits.at(-1)),
    mostWaiting,
    relaxed: fates.reduce((total, fate) => total + fate.relaxed, 0),
  };
}

const seconds = (ms: Figure): Figure => (ms === undefined ? undefined : ms / 1_000);
const mean = (values: readonly number[]): Figure =>
  values.length > 0 ? values.reduce((total, value) => total + value, 0) / values.length : undefined;
