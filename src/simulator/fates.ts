/** Everybody who came in a run, one CSV line each. It can be given to a scenario again as recorded traffic. */
import type { RunFacts } from '../../queues/simulate/index.ts';

const COLUMNS = [
  'at',
  'queue',
  'handle',
  'patience',
  'skills',
  'priority',
  'medium',
  'waited',
  'agent',
  'end',
  'offers',
  'missed',
] as const;

export function toFates({ observer, arrivals, center }: RunFacts): string {
  const lines = observer.fates.map((fate, number) => {
    const arrival = arrivals[number];
    if (!arrival) throw new Error(`nobody came as number ${number}`);
    const until = fate.takenAt ?? fate.closedAt;
    return [
      fate.at,
      center.queues[fate.queue]?.doc.name ?? '',
      arrival.handleMs / 1_000,
      Number.isFinite(arrival.patienceMs) ? arrival.patienceMs / 1_000 : '',
      arrival.required.map(({ skill, level }) => `${skill}=${level}`).join(' '),
      arrival.priority,
      arrival.medium,
      until === undefined ? '' : (until - fate.at) / 1_000,
      fate.agent ?? '',
      fate.takenAt === undefined ? (fate.reason ?? 'waiting') : 'answered',
      fate.offers,
      fate.missed,
    ].join(',');
  });
  return `${[COLUMNS.join(','), ...lines].join('\n')}\n`;
}
