/**
 * From a capture to calls: each caller with what became of the call, and each leg to an agent's phone with the caller it was for. Caller and leg are put together by the
 * caller's number, which every call of a run has for itself. Pure.
 */
import type { SipPacket } from './voiceCapture.ts';
import { CALLER_PREFIX } from './voiceScenarios.ts';

export interface CallerCall {
  readonly number: string;
  readonly invitedAt: number;
  /** Of the INVITE; 0: none came. */
  status: number;
  answeredAt: number;
  endedAt: number;
  /** The caller hung up first. */
  hasLeft: boolean;
}

export interface AgentLeg {
  readonly agent: string;
  readonly number: string;
  readonly invitedAt: number;
  status: number;
  answeredAt: number;
  endedAt: number;
}

export interface CallsSeen {
  readonly callers: readonly CallerCall[];
  readonly legs: readonly AgentLeg[];
}

const NUMBER = new RegExp(`\\${CALLER_PREFIX}\\d{3,15}`);

export function callsOf(packets: readonly SipPacket[], addresses: { readonly callers: string; readonly agents: string }): CallsSeen {
  const callers = new Map<string, CallerCall>();
  const legs = new Map<string, AgentLeg>();
  for (const { atMs, from, to, text } of packets) {
    const id = headerOf(text, 'Call-ID', 'i');
    const isOfCaller = from === addresses.callers || to === addresses.callers;
    if (!isOfCaller && from !== addresses.agents && to !== addresses.agents) continue;
    const call: CallerCall | AgentLeg | undefined = isOfCaller ? callers.get(id) : legs.get(id);
    const status = text.startsWith('SIP/2.0 ') ? Number(text.slice(8, 11)) : 0;
    if (status >= 200 && call && call.status === 0 && headerOf(text, 'CSeq').endsWith('INVITE')) {
      call.status = status;
      if (status < 300) call.answeredAt = atMs;
      else call.endedAt = atMs;
    } else if (text.startsWith('BYE ') && call && call.endedAt === 0) {
      call.endedAt = atMs;
      if ('hasLeft' in call) call.hasLeft = from === addresses.callers;
    } else if (text.startsWith('INVITE ') && !call) {
      const number = NUMBER.exec(headerOf(text, 'From', 'f'))?.[0] ?? '';
      const open = { number, invitedAt: atMs, status: 0, answeredAt: 0, endedAt: 0 };
      if (from === addresses.callers) callers.set(id, { ...open, hasLeft: false });
      else if (to === addresses.agents) legs.set(id, { ...open, agent: text.slice('INVITE sip:'.length, text.indexOf('@')) });
    }
  }
  return { callers: [...callers.values()], legs: [...legs.values()] };
}

function headerOf(text: string, name: string, short?: string): string {
  for (const [mark, length] of [
    [`\r\n${name}:`, name.length + 3],
    ...(short ? [[`\r\n${short}:`, short.length + 3] as const] : []),
  ] as const) {
    const at = text.indexOf(mark);
    if (at >= 0) return text.slice(at + length, text.indexOf('\r\n', at + length)).trim();
  }
  return '';
}

/** From a caller's INVITE to the first INVITE to an agent for it, of callers who called from `sinceMs` on. */
export function inviteDelays({ callers, legs }: CallsSeen, sinceMs = 0): number[] {
  const first = new Map<string, number>();
  for (const { number, invitedAt } of legs) if (!first.has(number)) first.set(number, invitedAt);
  return callers.flatMap(({ number, invitedAt }) => {
    const offeredAt = first.get(number);
    return offeredAt === undefined || invitedAt < sinceMs ? [] : [offeredAt - invitedAt];
  });
}

/** Callers an agent answered and whose call ended by the agent's hanging up: everything went as it should. */
export function served({ callers, legs }: CallsSeen): readonly CallerCall[] {
  const answered = new Set(legs.filter(({ answeredAt }) => answeredAt > 0).map(({ number }) => number));
  return callers.filter(({ number, answeredAt, endedAt, hasLeft }) => answeredAt > 0 && endedAt > 0 && !hasLeft && answered.has(number));
}

function byAgent(legs: readonly AgentLeg[]): Map<string, AgentLeg[]> {
  const found = new Map<string, AgentLeg[]>();
  for (const leg of legs) found.set(leg.agent, [...(found.get(leg.agent) ?? []), leg]);
  return found;
}

/** Legs to an agent that began while another of the same agent was not over; and callers answered by two agents. Both must be none. */
export function doubleLegs({ legs }: CallsSeen): number {
  let count = 0;
  for (const own of byAgent(legs).values()) {
    let busyUntil = 0;
    for (const { invitedAt, endedAt } of own) {
      if (invitedAt < busyUntil) count++;
      busyUntil = Math.max(busyUntil, endedAt === 0 ? Number.POSITIVE_INFINITY : endedAt);
    }
  }
  const answered = legs.filter(({ answeredAt }) => answeredAt > 0).map(({ number }) => number);
  return count + answered.length - new Set(answered).size;
}

/** Between an agent's hanging up and the next INVITE to that agent, while callers waited (until `untilMs`). */
export function idleTimes({ legs }: CallsSeen, untilMs: number): number[] {
  return [...byAgent(legs).values()].flatMap((own) =>
    own.slice(1).flatMap(({ invitedAt }, index) => {
      const endedAt = own[index]?.endedAt ?? 0;
      return endedAt > 0 && invitedAt <= untilMs ? [invitedAt - endedAt] : [];
    }),
  );
}
