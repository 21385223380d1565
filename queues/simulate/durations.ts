/**
 * Durations as a scenario writes them, in seconds: `30`, `{"exponential": 180}`, `{"lognormal": {"mean": 240, "sd": 160}}`, `{"uniform": {"from": 2, "to": 8}}`
 * or `{"empirical": [31, 44, 270]}` (one of these, each as likely; a file name stands for its numbers).
 */
import { z } from 'zod';
import type { Random } from './random.ts';

const MOST_SEC = 31 * 86_400;
const sec = z.number().min(0).max(MOST_SEC);
const positive = z.number().gt(0).max(MOST_SEC);
const FORMS =
  'a number of seconds, {"exponential": mean}, {"lognormal": {"mean", "sd"}}, {"uniform": {"from", "to"}} or {"empirical": [seconds, …]}';

const form = z.strictObject(
  {
    constant: sec.optional(),
    exponential: positive.optional(),
    lognormal: z.strictObject({ mean: positive, sd: positive }).optional(),
    uniform: z
      .strictObject({ from: sec, to: sec })
      .refine((range) => range.from <= range.to, { error: '"from" must not be above "to"' })
      .optional(),
    empirical: z.array(sec).min(1).optional(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? `expected ${FORMS}` : undefined) },
);

export const duration = z
  .preprocess((value) => (typeof value === 'number' ? { constant: value } : value), form)
  .refine((value) => Object.values(value).filter((each) => each !== undefined).length === 1, {
    error: `expected exactly one form: ${FORMS}`,
  });
export type Duration = z.infer<typeof duration>;

/** Draws whole milliseconds. */
export function drawMs(from: Duration, random: Random): number {
  return Math.round(drawSec(from, random) * 1_000);
}

function drawSec({ constant, exponential, lognormal, uniform, empirical }: Duration, random: Random): number {
  if (exponential !== undefined) return exponential * random.exponential();
  if (lognormal) {
    const variance = Math.log(1 + (lognormal.sd / lognormal.mean) ** 2);
    return lognormal.mean * Math.exp(Math.sqrt(variance) * random.normal() - variance / 2);
  }
  if (uniform) return uniform.from + (uniform.to - uniform.from) * random.uniform();
  if (empirical) return empirical[random.index(empirical.length)] ?? 0;
  return constant ?? 0;
}
