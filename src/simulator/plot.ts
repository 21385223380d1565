/** A simulation over time as a picture: who came and left, how many waited, how many agents were there and at work, the service level. */
import { clockText, type SimulationResult } from '../../queues/simulate/index.ts';
import type { Colour, Picture, Point, Shape } from './picture.ts';

const WIDTH = 960;
const PANEL = 170;
const [LEFT, RIGHT, TOP, GAP, BOTTOM] = [64, 24, 64, 46, 36] as const;
const [INK, SOFT, GRID] = ['#1f2933', '#52606d', '#d9e2ec'] as const;
/** Told apart by people who see colours differently (Okabe and Ito). */
const PALETTE = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;
const LABELS = 4;

interface Curve {
  readonly name: string;
  readonly colour: Colour;
  readonly values: readonly (number | undefined)[];
  readonly isFilled?: boolean;
}

interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** By default from the values. */
  readonly most?: number;
  readonly format: (value: number) => string;
}

export function plot(result: SimulationResult): Picture {
  const { intervals } = result;
  const panels = panelsOf(result);
  const count = intervals.all.came.length;
  const spanMs = count * intervals.widthMs;
  const height = TOP + panels.length * (PANEL + GAP) - GAP + BOTTOM;
  const shapes: Shape[] = [
    text([LEFT, 26], result.scenario, 18, INK),
    text(
      [LEFT, 44],
      `seed ${result.seed}, ${result.repetitions === 1 ? 'one run' : `means of ${result.repetitions} runs`}, intervals of ${intervals.widthMs / 60_000} min`,
      12,
      SOFT,
    ),
  ];
  const x = (ms: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * ms) / spanMs;
  panels.forEach((panel, index) => {
    const top = TOP + index * (PANEL + GAP) + 14;
    const bottom = top + PANEL - 14;
    shapes.push(...frame(panel, top, bottom), ...timeAxis(intervals.fromMs, spanMs, x, top, bottom));
    const most = highest(panel);
    const y = (value: number): number => bottom - ((bottom - top) * value) / most;
    for (const curve of panel.curves)
      for (const piece of pieces(curve.values)) {
        const points = piece.map(([at, value]): Point => [x((at + 0.5) * intervals.widthMs), y(value)]);
        const [first, last] = [points[0], points.at(-1)] as [Point, Point];
        if (curve.isFilled)
          shapes.push({ kind: 'area', points: [[first[0], bottom], ...points, [last[0], bottom]], colour: curve.colour, opacity: 0.25 });
        // A value between two that are missing.
        const drawn: Point[] =
          points.length > 1
            ? points
            : [
                [first[0] - 2, first[1]],
                [first[0] + 2, first[1]],
              ];
        shapes.push({ kind: 'line', points: drawn, colour: curve.colour, width: 1.8 });
      }
  });
  return { width: WIDTH, height, background: '#ffffff', shapes };
}

function panelsOf({ queues, agents, intervals }: SimulationResult): Panel[] {
  const colour = (index: number): Colour => PALETTE[index % PALETTE.length] as Colour;
  /** One curve a queue while they can be told apart. */
  const perQueue = (what: 'waiting' | 'serviceLevel'): Curve[] =>
    queues.length > PALETTE.length
      ? [{ name: 'all', colour: INK, values: intervals.all[what] }]
      : queues.map(({ id }, index) => ({ name: id, colour: colour(index), values: intervals.queues[index]?.[what] ?? [] }));
  const total = (what: 'staffed' | 'working') =>
    intervals.all.came.map((_, at) => agents.reduce((sum, _group, index) => sum + (intervals.agents[index]?.[what][at] ?? 0), 0));
  const whole = (value: number): string => String(Math.round(value * 100) / 100);
  return [
    {
      title: 'clients per interval',
      curves: [
        { name: 'came', colour: PALETTE[0], values: intervals.all.came },
        { name: 'abandoned', colour: PALETTE[1], values: intervals.all.abandoned, isFilled: true },
      ],
      format: whole,
    },
    { title: 'waiting', curves: perQueue('waiting'), format: whole },
    {
      title: 'agents',
      curves: [
        { name: 'there', colour: PALETTE[0], values: total('staffed') },
        { name: 'at work', colour: PALETTE[2], values: total('working'), isFilled: true },
      ],
      format: whole,
    },
    { title: 'service level', curves: perQueue('serviceLevel'), most: 1, format: (value) => `${Math.round(value * 100)} %` },
  ];
}

function frame(panel: Panel, top: number, bottom: number): Shape[] {
  const most = highest(panel);
  const shapes: Shape[] = [text([LEFT, top - 8], panel.title, 13, INK)];
  for (let label = 0; label <= LABELS; label++) {
    const y = bottom - ((bottom - top) * label) / LABELS;
    shapes.push({
      kind: 'line',
      points: [
        [LEFT, y],
        [WIDTH - RIGHT, y],
      ],
      colour: label === 0 ? SOFT : GRID,
      width: 1,
    });
    shapes.push(text([LEFT - 8, y + 4], panel.format((most * label) / LABELS), 11, SOFT, 'end'));
  }
  let x = WIDTH - RIGHT;
  for (const { name, colour } of [...panel.curves].reverse()) {
    shapes.push(text([x, top - 8], name, 12, INK, 'end'));
    // As wide as a letter is on average in the widest of the fonts that may stand in.
    x -= name.length * 7.6 + 6;
    shapes.push({
      kind: 'line',
      points: [
        [x - 16, top - 12],
        [x, top - 12],
      ],
      colour,
      width: 3,
    });
    x -= 32;
  }
  return shapes;
}

const STEPS_MIN = [1, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1_440, 2_880, 10_080];
const MOST_TICKS = 13;

function timeAxis(fromMs: number, spanMs: number, x: (ms: number) => number, top: number, bottom: number): Shape[] {
  const step = (STEPS_MIN.find((minutes) => spanMs / (minutes * 60_000) <= MOST_TICKS) ?? 10_080) * 60_000;
  const shapes: Shape[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= fromMs + spanMs; at += step) {
    const place = x(at - fromMs);
    shapes.push({
      kind: 'line',
      points: [
        [place, top],
        [place, bottom + 4],
      ],
      colour: GRID,
      width: 1,
    });
    shapes.push(text([place, bottom + 17], clockText(at), 11, SOFT, 'middle'));
  }
  return shapes;
}

/** The least round number that nothing passes, and that four parts divide well. */
function highest({ most, curves }: Panel): number {
  if (most !== undefined) return most;
  const value = Math.max(...curves.flatMap((curve) => curve.values.map((each) => each ?? 0)), 0);
  if (value === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

/** Runs of values, each with its place. */
function pieces(values: readonly (number | undefined)[]): [number, number][][] {
  const runs: [number, number][][] = [];
  values.forEach((value, at) => {
    if (value === undefined) return;
    if (at === 0 || values[at - 1] === undefined) runs.push([]);
    runs.at(-1)?.push([at, value]);
  });
  return runs;
}

function text(at: Point, content: string, size: number, colour: Colour, anchor: 'start' | 'middle' | 'end' = 'start'): Shape {
  return { kind: 'text', at, text: content, size, colour, anchor };
}
