/**
 * Recorded traffic: rows of a CSV file with a header line, of JSON lines, of a JSON array, or pages of `GET /api/v1/interactions` as they came (`items`).
 * A row says when somebody came and, where known, how long serving took, how long the client would have waited, and what was needed.
 */
import { z } from 'zod';
import { medium, SKILL_LEVEL_MAX } from '../config.ts';
import { timeOfDayMs } from './times.ts';

const optionalNumber = (least: number, most: number) =>
  z.preprocess(
    (value) => (value === '' || value === null ? undefined : typeof value === 'string' ? Number(value) : value),
    z.number().min(least).max(most).optional(),
  );
const optionalText = z.preprocess((value) => (value === '' || value === null ? undefined : value), z.string().max(100).optional());
const MOST_SEC = 31 * 86_400;

/** Unix ms, or an ISO time (with its offset), or a time of the scenario's day. */
const arrivalTime = z.union([z.number(), z.string()]).transform((value, context) => {
  const text = String(value);
  const ofDayMs = timeOfDayMs(text);
  if (ofDayMs !== undefined) return { ofDayMs };
  const unixMs = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text)) : Date.parse(text);
  if (Number.isNaN(unixMs) || (typeof value === 'string' && !/^\d+(\.\d+)?$|Z$|[+-]\d\d:?\d\d$/.test(text))) {
    context.addIssue({
      code: 'custom',
      message: `expected Unix milliseconds, a time with its offset ("2026-03-02T08:30:00Z") or a time of day ("08:30:15.250"), got "${text}"`,
    });
    return z.NEVER;
  }
  return { unixMs };
});

/** `en=3 billing=2`, or a record of levels. */
const skills = z.preprocess(
  (value) => {
    if (typeof value !== 'string') return value ?? {};
    const pairs = value.split(/[\s,;]+/).filter((pair) => pair !== '');
    return Object.fromEntries(pairs.map((pair) => [pair.replace(/=.*$/, ''), pair.includes('=') ? Number(pair.replace(/^.*=/, '')) : 1]));
  },
  z.record(z.string().min(1).max(40), z.number().int().min(1).max(SKILL_LEVEL_MAX)),
);

export const recordedRow = z.object({
  at: arrivalTime,
  /** A queue of the scenario; absent: the one that names the file. */
  queue: optionalText,
  /** Seconds an agent was busy with it. */
  handle: optionalNumber(0, MOST_SEC),
  /** Seconds the client waits before leaving. */
  patience: optionalNumber(0, MOST_SEC),
  /** Seconds the client is known to have waited without leaving, where its patience is not known. */
  waited: optionalNumber(0, MOST_SEC),
  skills: skills.optional(),
  priority: optionalNumber(0, 1_000),
  medium: z.preprocess((value) => (value === '' || value === null ? undefined : value), medium.optional()),
  /** Whoever it was: the same text, the same client. */
  contact: optionalText,
});
export type RecordedRow = z.infer<typeof recordedRow>;

/** The rows of a file, not checked yet. @throws Error that says which line cannot be read */
export function readRows(text: string): unknown[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed.startsWith('[')) return (parsed(trimmed, 'the file') as unknown[]).flatMap(itemsOf);
  if (!trimmed.startsWith('{')) return readCsv(trimmed);
  try {
    return itemsOf(JSON.parse(trimmed));
  } catch {
    // Not one document: one of them on each line.
    const lines = trimmed.split(/\r?\n/);
    return lines.flatMap((line, at) => (line.trim() === '' ? [] : itemsOf(parsed(line, `line ${at + 1}`))));
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: ${(error as Error).message}`);
  }
}

function itemsOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  if ('items' in value && Array.isArray(value.items)) return value.items.flatMap(itemsOf);
  return [isHistoryItem(value) ? fromHistory(value) : value];
}

/** What the history says of one interaction. */
interface HistoryItem {
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly closedAt?: number;
  readonly channel?: string;
  readonly queue: { readonly id: string; readonly name: string };
  readonly client?: { readonly id: string };
}

const isHistoryItem = (value: object): value is HistoryItem =>
  'createdAt' in value && 'queue' in value && typeof value.queue === 'object' && value.queue !== null && 'name' in value.queue;

/** Who was served waited at least so long; who was not left after so long, which is the client's patience. */
function fromHistory({ createdAt, startedAt, endedAt, closedAt, channel, queue, client }: HistoryItem): Record<string, unknown> {
  const over = endedAt ?? closedAt;
  const sec = (from: number, to: number): number => Math.max(0, to - from) / 1_000;
  return {
    at: createdAt,
    queue: queue.name,
    medium: channel,
    contact: client?.id,
    ...(startedAt === undefined
      ? { patience: over === undefined ? undefined : sec(createdAt, over) }
      : {
          waited: sec(createdAt, startedAt),
          handle: (closedAt ?? over) === undefined ? undefined : sec(startedAt, closedAt ?? over ?? startedAt),
        }),
  };
}

/** RFC 4180; the first line names the columns. */
function readCsv(text: string): unknown[] {
  const [header, ...lines] = csvLines(text);
  if (!header?.includes('at'))
    throw new Error(`the first line must name the columns, "at" among them (found: ${header?.join(', ') ?? 'nothing'})`);
  const separate = (cells: readonly string[]) => Object.fromEntries(header.map((column, at) => [column.trim(), cells[at]?.trim() ?? '']));
  return lines.filter((cells) => cells.some((cell) => cell.trim() !== '')).map(separate);
}

function csvLines(text: string): string[][] {
  const first = /^[^\r\n]*/.exec(text)?.[0] ?? '';
  const separator = first.includes(';') && !first.includes(',') ? ';' : ',';
  const lines: string[][] = [[]];
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\n\\r]*))(${separator}|\\r?\\n|$)`, 'y');
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (!match) throw new Error(`line ${lines.length} has a quotation mark that does not enclose a whole cell`);
    lines.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3]?.includes('\n')) lines.push([]);
  }
  return lines;
}
