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

/** What comes whole says its type; typing is as its sender wrote it. */
export function readSignal(feed: string, payload: string): SignalFrames {
  const told = JSON.parse(payload) as Typing | Extract<PublicSignal, { type: 'call.quality' }>;
  if (!('type' in told)) return readTyping(feed, told);
  return { by: '', staffFrame: JSON.stringify({ t: 'signal', feed, signal: told }) };
}
