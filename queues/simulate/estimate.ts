/** Means over repetitions with their 95 % confidence interval (Student's t). */

/** `plusMinus` is half the interval's width; absent with fewer than two values. `value` is absent when no repetition had one. */
export interface Estimate {
  readonly value?: number;
  readonly plusMinus?: number;
}

/** 97.5 % quantiles of Student's t by degrees of freedom, from 1 on. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Beyond the table: within 0.001 (Cornish and Fisher, first term). */
const quantile = (freedom: number): number => T[freedom - 1] ?? 1.96 + 2.4 / freedom;

export function estimate(values: readonly (number | undefined)[]): Estimate {
  const known = values.filter((value) => value !== undefined);
  const count = known.length;
  if (count === 0) return {};
  const value = known.reduce((sum, each) => sum + each, 0) / count;
  if (count === 1) return { value };
  const variance = known.reduce((sum, each) => sum + (each - value) ** 2, 0) / (count - 1);
  return { value, plusMinus: quantile(count - 1) * Math.sqrt(variance / count) };
}

export type Estimates<Figures> = { readonly [Name in keyof Figures]: Estimate };

/** Each figure over all repetitions. */
export function estimates<Figures extends object>(runs: readonly Figures[]): Estimates<Figures> {
  const names = Object.keys(runs[0] ?? {}) as (keyof Figures)[];
  return Object.fromEntries(
    names.map((name) => [name, estimate(runs.map((run) => run[name] as number | undefined))]),
  ) as Estimates<Figures>;
}

/** Interval by interval, the mean of those runs that have a value. */
export function meanSeries(runs: readonly (readonly (number | undefined)[])[]): (number | undefined)[] {
  return (runs[0] ?? []).map((_, at) => estimate(runs.map((run) => run[at])).value);
}
