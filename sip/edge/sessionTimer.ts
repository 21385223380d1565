/**
 * RFC 4028: a call whose other side has silently gone is ended. One belongs to each answered call that agreed on an interval; it either refreshes the session at
 * half of it, or expects the other side to do so and gives up before it runs out.
 */
import { parseNumber, parseParams } from './headerText.ts';
import type { SipHeaders, SipRequest } from './message.ts';
import type { Clock } from './types.ts';

/** RFC 4028 5: nothing below is accepted. */
export const MIN_SESSION_SEC = 90;

/** Whatever was asked for: a call whose other side is gone shall not be found out after years. */
const MAX_SESSION_SEC = 86_400;

export interface SessionInterval {
  readonly seconds: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** Of a `Session-Expires` header. */
export function readSessionExpires(headers: SipHeaders): SessionInterval | undefined {
  const value = headers.get('session-expires');
  if (value === undefined) return undefined;
  const semicolon = value.includes(';') ? value.indexOf(';') : value.length;
  const seconds = parseNumber(value.slice(0, semicolon).trim(), 0xffff_ffff);
  if (seconds === undefined) return undefined;
  const refresher = parseParams(value, semicolon)?.get('refresher')?.toLowerCase();
  return { seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** RFC 4028 9: an INVITE or UPDATE asks for less than we accept. */
export function asksTooLittle(request: SipRequest): boolean {
  const interval = readSessionExpires(request.headers);
  return interval !== undefined && interval.seconds < MIN_SESSION_SEC && supportsTimer(request.headers);
}

export function supportsTimer(headers: SipHeaders): boolean {
  return [...headers.list('supported'), ...headers.list('require')].some((option) => option.toLowerCase() === 'timer');
}

/** What the 2xx to this request says of the session, unless the application did; the sender refreshes when he can (RFC 4028 9). */
export function agreedInterval(request: SipRequest): { interval: SessionInterval; lines: [string, string][] } | undefined {
  const asked = readSessionExpires(request.headers);
  if (!asked) return undefined;
  const refresher = supportsTimer(request.headers) ? (asked.refresher ?? 'uac') : 'uas';
  const interval = { seconds: Math.min(Math.max(asked.seconds, MIN_SESSION_SEC), MAX_SESSION_SEC), refresher } as const;
  const lines: [string, string][] = [['Session-Expires', `${interval.seconds};refresher=${refresher}`]];
  if (refresher === 'uac') lines.push(['Require', 'timer']);
  return { interval, lines };
}

export class SessionTimer {
  readonly #clock: Clock;
  readonly #timer: unknown;

  constructor(clock: Clock, seconds: number, isRefresher: boolean, on: { readonly refresh: () => void; readonly expired: () => void }) {
    this.#clock = clock;
    // RFC 4028 10: the one that does not refresh gives up a third of the interval, at most 32 s, before the end.
    const afterSec = isRefresher ? seconds / 2 : seconds - Math.min(32, seconds / 3);
    this.#timer = clock.setTimeout(isRefresher ? on.refresh : on.expired, afterSec * 1_000);
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
  }
}
