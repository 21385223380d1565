/** An entry of a partition's event log, as it is stored and as readers get it. */
import type { LogEntry } from './engine.ts';
import type { EventType } from './events.ts';

export type RawEntry = [id: string, flat: string[]];
export type RawRead = [stream: string, entries: RawEntry[]][] | null;

/** A log entry as stored: v, t, at, acc, f, d in this order, in an offer's then r. */
export function toLogEntry(partition: number, [id, flat]: RawEntry): LogEntry {
  return {
    partition,
    id,
    version: Number(flat[1]),
    type: flat[3] as EventType,
    at: Number(flat[5]),
    accountId: flat[7] ?? '',
    feeds: toFeeds(flat[9] ?? ''),
    body: flat[11] ?? '{}',
    ...(flat[13] === undefined ? {} : { row: flat[13] }),
  };
}

function toFeeds(text: string): LogEntry['feeds'] {
  if (text === '') return [];
  return text.split(' ').map((part) => {
    const at = part.lastIndexOf('@');
    return { feed: part.slice(0, at), off: Number(part.slice(at + 1)) };
  });
}

/** Order of two stream ids. */
export function compareIds(left: string, right: string): number {
  const [leftMs = 0, leftSeq = 0] = left.split('-').map(Number);
  const [rightMs = 0, rightSeq = 0] = right.split('-').map(Number);
  return leftMs - rightMs || leftSeq - rightSeq;
}
