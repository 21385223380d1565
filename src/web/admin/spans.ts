/** Lengths of time in the words of the page's language. */
import { language } from './texts.ts';

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** The two largest units that say something: "1 h 5 min", "40 s". */
export function span(ms: number): string {
  let left = Math.max(0, Math.round(ms / 1_000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count === 0 || parts.length === 2) continue;
    parts.push(new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'short' }).format(count));
  }
  return parts.join(' ') || new Intl.NumberFormat(language.value, { style: 'unit', unit: 'second', unitDisplay: 'short' }).format(0);
}
