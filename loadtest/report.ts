/**
 * The one form of every benchmark's result: a small table for people, raw samples under `.data/bench/` for those who doubt it,
 * and as the last line printed one JSON object for programs. Used by every scenario.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export interface BenchOptions {
  /** At most a minute, with less certain figures. */
  readonly isQuick: boolean;
  /** `routing`: without sweeper and reconciler. */
  readonly isUnrepaired?: boolean;
  /** `routing`: what so many lives leave behind, instead of what one costs. */
  readonly lives?: number;
  /** `routing`: what each script costs, instead. */
  readonly isProfile?: boolean;
  /** `voice`: these rows alone. */
  readonly only?: readonly string[];
  /** Where raw samples go. */
  readonly folder: string;
}

export type Figures = Readonly<Record<string, number>>;

export interface BenchReport {
  readonly bench: string;
  readonly figures: Figures;
  /** Figures of others measured in the same run, by their name. */
  readonly baseline: Readonly<Record<string, Figures | number>>;
  readonly ratios: Figures;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** What a reader must know to judge the numbers, one line each. */
  readonly notes: readonly string[];
}

/** Prints table and JSON line, and writes `raw` beside. */
export function publishReport(report: BenchReport, table: Table, raw: unknown, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${report.bench}-${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
  const machine = { node: process.version, cores: availableParallelism(), cpu: cpus()[0]?.model ?? '', memoryBytes: totalmem() };
  writeFileSync(file, JSON.stringify({ machine, report, raw }, null, 1));
  process.stdout.write(`${formatTable(table)}\nraw samples: ${file}\n${JSON.stringify(report)}\n`);
}

export function formatTable({ title, columns, rows, notes }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell)))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ');
  const [head = [], ...body] = lines;
  return [
    '',
    title,
    format(head),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...body.map(format),
    ...notes.map((note) => `· ${note}`),
  ].join('\n');
}

/** Three significant digits are more than a shared machine gives. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-GB') : String(Number(value.toPrecision(3)));
}

/** The value below which the share `rank` (0 to 1) of all samples lies; NaN without samples. */
export function quantile(samples: readonly number[], rank: number): number {
  const sorted = Float64Array.from(samples).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * rank))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Counts in buckets that grow by a tenth, for the raw file: [upper bound, count]. */
export function histogram(samples: readonly number[]): [number, number][] {
  const counts = new Map<number, number>();
  for (const sample of samples) {
    const bucket = Math.ceil(Math.log(Math.max(sample, 0.01)) / Math.log(1.1));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([bucket, count]) => [Number((1.1 ** bucket).toPrecision(3)), count]);
}
