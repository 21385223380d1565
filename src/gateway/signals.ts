/** Signals on their way from other processes to the followers of a feed: what of them is for whom. Pure. */
import type { PublicSignal } from '../protocol/events.ts';
import { readTyping, type Typing } from './typing.ts';

export interface SignalFrames {
  /** Contact or user whom it is not told to. */
  readonly by: string;
  readonly staffFrame: string;
  /** Absent: the staff's alone. */
  readonly visitorFrame?: string;
}

const FOR_STAFF: ReadonlySet<PublicSignal['type']> = new Set(['call.quality', 'video.quality']);

/** What is published as a public signal goes as it is; typing is as its sender wrote it. */
export function readSignal(feed: string, payload: string): SignalFrames {
  const told = JSON.parse(payload) as Typing | PublicSignal;
  if (!('type' in told)) return readTyping(feed, told);
  const frame = JSON.stringify({ t: 'signal', feed, signal: told });
  return FOR_STAFF.has(told.type) ? { by: '', staffFrame: frame } : { by: '', staffFrame: frame, visitorFrame: frame };
}
