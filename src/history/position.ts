/** Places in a partition's log (Redis stream ids, `milliseconds-sequence`) and the month in which a conversation's rows lie. */
import { bornAtMs, ID_PATTERN } from '../base/ids.ts';

export interface Position {
  readonly ms: number;
  readonly seq: number;
}

const LATEST_MS = Date.UTC(2200, 0, 1);

/** @throws TypeError when it is not a stream id. */
export function parsePosition(text: string): Position {
  const parts = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (!parts) throw new TypeError(`not a log position: ${text.slice(0, 40)}`);
  return { ms: Number(parts[1]), seq: Number(parts[2]) };
}

export function isAfter(one: Position, other: Position): boolean {
  return one.ms > other.ms || (one.ms === other.ms && one.seq > other.seq);
}

/** First day of the UTC month, `YYYY-MM-DD`. */
export function monthOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 7)}-01`;
}

/** Whether the id carries a time that history can know; one that does not names nothing. */
export function hasMonth(id: string): boolean {
  return ID_PATTERN.test(id) && bornAtMs(id) < LATEST_MS;
}

/** The month of an interaction, from the time its id carries. @throws TypeError when it is not one of our ids. */
export function monthOfInteraction(id: string): string {
  if (!hasMonth(id)) throw new TypeError('not the id of an interaction');
  return monthOf(bornAtMs(id));
}
