/** Typing, on its way between gateways. What a client is typing (`preview`) is for the staff alone. Pure. */
import type { PublicSignal } from '../protocol/events.ts';

export interface Typing {
  readonly role: 'customer' | 'agent' | 'supervisor';
  /** Contact or user. */
  readonly by: string;
  readonly name: string;
  readonly isTyping: boolean;
  readonly preview?: string;
}

export function writeTyping(typing: Typing): string {
  return JSON.stringify(typing);
}

/** The frames for the followers of the feed, made once. */
export function readTyping(
  feed: string,
  { role, by, name, isTyping, preview }: Typing,
): { readonly by: string; readonly staffFrame: string; readonly visitorFrame: string } {
  const signal: PublicSignal = { type: 'typing', interaction: feed.slice(feed.indexOf(':') + 1), from: { role, id: by, name }, isTyping };
  const frame = (shown: PublicSignal): string => JSON.stringify({ t: 'signal', feed, signal: shown });
  return { by, visitorFrame: frame(signal), staffFrame: frame(preview === undefined ? signal : { ...signal, preview }) };
}
