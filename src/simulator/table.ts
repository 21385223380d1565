/** A simulation's result as text tables for a terminal. */
import type { Estimate, SimulationResult } from '../../queues/simulate/index.ts';

type Cell = string;

/** What a figure that has no value looks like. */
const NOTHING = '–';

export function resultTables(result: SimulationResult): string {
  const { repetitions, formulas } = result;
  const queueRows = result.queues.map((queue) => queueRow(queue.id, `${queue.serviceLevelSec} s`, queue));
  if (result.queues.length > 1) queueRows.push(queueRow('all', '', result.all));
  const agentRows = result.agents.map((group) => [
    group.name,
    String(group.count),
    number(group.staffed, 1),
    number(group.answered),
    `${number({ ...only(group.fewestAnswered) })}–${number({ ...only(group.mostAnswered) })}`,
    percent(group.occupancy),
    number(group.offers),
    percent(group.missedShare),
  ]);
  return [
    `${result.scenario} · seed ${result.seed} · ${repetitions} ${repetitions === 1 ? 'run' : 'runs; ± is the 95 % confidence interval of the mean'}`,
    '',
    aligned([
      [
        'queue',
        'came',
        'answered',
        'abandoned',
        'diverted',
        'left',
        'service level',
        'within',
        'ASA',
        'p50',
        'p90',
        'p95',
        'p99',
        'longest',
        'most waiting',
      ],
      ...queueRows,
    ]),
    '',
    aligned([['agents', 'number', 'staffed', 'answered', 'least–most', 'occupancy', 'offers', 'missed'], ...agentRows]),
    '',
    `service level = ${formulas.serviceLevel}; abandoned in % of those whose waiting ended; waits (seconds) of those answered`,
    `occupancy = ${formulas.occupancy}; staffed: mean number of agents there`,
  ].join('\n');
}

function queueRow(name: string, within: string, figures: SimulationResult['all']): Cell[] {
  return [
    name,
    number(figures.came),
    number(figures.answered),
    percent(figures.abandonedShare),
    number(figures.diverted),
    number(figures.left),
    percent(figures.serviceLevel),
    within,
    number(figures.asaSec, 1),
    number(only(figures.wait50Sec), 1),
    number(only(figures.wait90Sec), 1),
    number(only(figures.wait95Sec), 1),
    number(only(figures.wait99Sec), 1),
    number(only(figures.longestWaitSec), 1),
    number(only(figures.mostWaiting)),
  ];
}

/** Without its interval. */
const only = ({ value }: Estimate): Estimate => (value === undefined ? {} : { value });

function number({ value, plusMinus }: Estimate, digits = 0): Cell {
  if (value === undefined) return NOTHING;
  const text = value.toFixed(digits);
  return plusMinus === undefined ? text : `${text} ±${plusMinus.toFixed(digits)}`;
}

function percent({ value, plusMinus }: Estimate): Cell {
  if (value === undefined) return NOTHING;
  return `${(value * 100).toFixed(1)}${plusMinus === undefined ? '' : ` ±${(plusMinus * 100).toFixed(1)}`} %`;
}

/** First column to the left, the others to the right. */
function aligned(rows: readonly (readonly Cell[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  '),
    )
    .join('\n');
}
