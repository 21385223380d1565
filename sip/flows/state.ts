/**
 * What a call is at any moment, and what may follow. Owned by `call.ts`; flows change it by `call.enter`, which refuses what the table does not allow. The picture
 * is in `sip/README.md`.
 */
import type { UserId } from '../../src/base/ids.ts';
import type { Leg } from './leg.ts';
import type { Ring } from './ring.ts';

export type CallState =
  /** The INVITE is here; media and interaction are being made. */
  | { readonly at: 'entering' }
  /** An agent's phone calls somebody, who becomes the customer when answering. `isEarly`: what the called side sends before that is heard (RFC 3960). */
  | { readonly at: 'dialling'; readonly placing: Leg; readonly called: Leg | undefined; readonly isEarly: boolean }
  /** In the queue, answered, music; `rings`: phones of agents it is offered to, by agent. */
  | { readonly at: 'waiting'; readonly rings: ReadonlyMap<UserId, Ring> }
  /** It has an owner whose phone is not connected yet: a hand-over, or accepted at the desk. The caller hears music. */
  | { readonly at: 'moving'; readonly ring: Ring }
  | { readonly at: 'talking'; readonly agent: Leg }
  /** The caller hears music, the agent nothing. `by`: the agent's phone, or the desk. */
  | { readonly at: 'held'; readonly agent: Leg; readonly by: 'phone' | 'desk' }
  /** The caller hears music; the agent talks to `consult`, or hears it ring. */
  | { readonly at: 'consulting'; readonly agent: Leg; readonly consult: Leg }
  /** Everybody hears everybody. */
  | { readonly at: 'conference'; readonly agent: Leg; readonly guests: readonly Leg[] }
  /** Out of routing: an announcement, or a number that was dialled for the caller. */
  | { readonly at: 'diverted'; readonly guest: Leg | undefined }
  | { readonly at: 'ended'; readonly cause: string };

export type CallAt = CallState['at'];

const NEXT: Readonly<Record<CallAt, readonly CallAt[]>> = {
  // Beyond the first four: taken over from another process.
  entering: ['waiting', 'dialling', 'diverted', 'ended', 'talking', 'held', 'moving', 'conference', 'consulting'],
  dialling: ['dialling', 'talking', 'ended'],
  waiting: ['waiting', 'moving', 'talking', 'diverted', 'ended'],
  moving: ['moving', 'waiting', 'talking', 'diverted', 'ended'],
  // To itself: another agent's leg takes over from one that came back from hold a moment before.
  talking: ['talking', 'held', 'consulting', 'conference', 'moving', 'waiting', 'diverted', 'ended'],
  held: ['held', 'talking', 'consulting', 'moving', 'waiting', 'diverted', 'ended'],
  consulting: ['consulting', 'talking', 'held', 'conference', 'moving', 'waiting', 'diverted', 'ended'],
  conference: ['conference', 'talking', 'held', 'moving', 'waiting', 'diverted', 'ended'],
  diverted: ['diverted', 'ended'],
  ended: [],
};

export function canEnter(from: CallAt, to: CallAt): boolean {
  return NEXT[from].includes(to);
}

/** The agent who talks to the caller, or would if it were not held. */
export function agentOf(state: CallState): Leg | undefined {
  return 'agent' in state ? state.agent : undefined;
}
