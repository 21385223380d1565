/** Times of day as a scenario writes them: `08:30`, `08:30:15.250`; above 24:00 they lie on the following days. Inside: milliseconds after the first midnight. */
import { z } from 'zod';

export const DAY_MS = 86_400_000;
const TIME_OF_DAY = /^(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,3}))?)?$/;

export function timeOfDayMs(text: string): number | undefined {
  const match = TIME_OF_DAY.exec(text);
  if (!match) return undefined;
  const [, hours, minutes, seconds = '0', fraction = '0'] = match;
  return (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000 + Number(fraction.padEnd(3, '0'));
}

/** A time of day; what comes out are milliseconds after the first midnight. */
export const timeOfDay = z.string().transform((text, context) => {
  const ms = timeOfDayMs(text);
  if (ms === undefined) context.addIssue({ code: 'custom', message: `expected a time of day such as "08:30", got "${text}"` });
  return ms ?? 0;
});

/** `+01:00` in milliseconds. */
export const utcOffset = z.string().transform((text, context) => {
  const match = /^([+-])(\d\d):([0-5]\d)$/.exec(text);
  if (!match) context.addIssue({ code: 'custom', message: `expected an offset such as "+01:00", got "${text}"` });
  return match ? (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000 : 0;
});

/** `14:05` for milliseconds after the first midnight. */
export function clockText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
