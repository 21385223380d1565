/**
 * A call that an agent's phone places: to a colleague, whose phones ring, or to an outside number, through the one gate (`app/dialOut.ts`). `app/intake.ts` has asked the phone for its
 * password. Routing has nothing to do with it: the calling phone stands where else a customer stands, whom it reaches is the guest. The phone hears what became
 * of it by the status that the other side gave.
 */
import { isIPv6 } from 'node:net';
import { voiceDefaults } from '../../queues/config.ts';
import type { Scope } from '../../queues/engine.ts';
import { SIP_REALM } from '../../queues/phones.ts';
import { newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { type DialRefusal, toldOf } from '../app/dialOut.ts';
import { answer } from '../app/invite.ts';
import type { Link } from '../app/link.ts';
import type { IncomingRequest, OutgoingResponse } from '../app/srf.ts';
import { familyOf } from '../sdp/session.ts';
import { Call } from './call.ts';
import { contactOf } from './caller.ts';
import { guestGone } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { invited } from './outward.ts';
import { ringPhones } from './phones.ts';
import { Ring } from './ring.ts';
import type { Switchboard } from './switchboard.ts';
import { answered } from './talking.ts';
import { handOnPlaced } from './transfer.ts';

export interface Placing {
  readonly link: Link;
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly scope: Scope;
  /** Whose phone it is, and the name it registers with. */
  readonly agentId: UserId;
  readonly username: string;
  /** A phone's name, or a number. */
  readonly dialled: string;
}

type Reached =
  | { readonly ok: true; readonly leg: Leg; readonly dialog: NonNullable<Leg['dialog']>; readonly sdp: string }
  | { readonly ok: false; readonly status: number; readonly why: string };

const BUSY = 486;
const UNAVAILABLE = 480;
const CANCELLED = 487;
/** The trunk's own quarrel with us is no business of the phone. */
const NOT_PASSED_ON: ReadonlySet<number> = new Set([401, 407, CANCELLED]);

/** @throws AppError unavailable (no media process) */
export async function placeCall(board: Switchboard, placing: Placing): Promise<void> {
  const { request, scope, agentId, username, dialled } = placing;
  let isCancelled = false;
  let call: Call | undefined;
  request.on('cancel', () => {
    isCancelled = true;
    call?.end('cancelled');
  });
  const name = await board.names.agent(scope, agentId);
  if (isCancelled) return;
  const identity = {
    id: newId('call'),
    scope,
    interaction: newId('interaction'),
    contactId: contactOf(scope.accountId, username),
    caller: username,
    callerName: name,
    dialled,
    queueId: '' as QueueId,
    voice: voiceDefaults,
  };
  call = new Call(board, identity, board.media.choose());
  call.isOutOfRouting = true;
  await connect(call, placing, () => isCancelled);
}

async function connect(call: Call, placing: Placing, isCancelled: () => boolean): Promise<void> {
  const { board } = call;
  const { link, request, response, agentId } = placing;
  const refuse = (status: number, why: string, headers: Record<string, string> = {}): void => {
    call.end(why || String(status));
    if (!isCancelled()) response.send(status, { headers });
  };

  const family = familyOf(request.body) ?? (isIPv6(request.source_address) ? 'IPv6' : 'IPv4');
  const leg = await call.openLeg({ role: 'customer', name: call.callerName, userId: agentId }, family).catch(() => undefined);
  if (!leg) return refuse(503, 'no media', { 'Retry-After': '10' });
  const agreed = request.body === '' ? undefined : leg.negotiation.answer(request.body);
  if (agreed && !agreed.ok) return refuse(488, 'no common codec');
  const sdp = agreed?.sdp ?? leg.negotiation.offer();

  const reached = await reach(call, placing, (guest) => {
    // A phone that insists on reliable provisional responses (RFC 3262) gets none before the answer: it hears ringing by itself.
    if (call.enter({ at: 'diverted', guest }) && !/\b100rel\b/i.test(request.get('Require') ?? '')) response.send(180);
  });
  if (!reached.ok)
    return refuse(reached.status, reached.why, reached.why ? { Warning: `399 ${SIP_REALM} "${reached.why.replaceAll('"', "'")}"` } : {});
  if (call.isOver) return reached.dialog.bye();
  if (!answered(call, reached.leg, reached)) return refuse(UNAVAILABLE, 'no common codec');
  call.react(reached.leg, { ...board.reactions.other(call, reached.leg), ended: (reason) => guestGone(call, reason) });
  if (call.isOver) return;
  // The ringing it would have heard ends before its media begin.
  call.listen();
  if (agreed) {
    leg.isHoldingUs = agreed.isHeld;
    call.connect(leg, agreed.remote);
  }
  const dialog = await answer(board.dialogs, link, { request, response, sdp });
  if (!dialog) return guestGone(call, 'cancelled');
  leg.dialog = dialog;
  if (call.isOver) return dialog.bye();
  leg.answeredAt = Date.now();
  call.answeredAt = leg.answeredAt;
  call.react(leg, {
    ...board.reactions.customer(call, leg),
    refer: (refer, tell) => handOnPlaced(call, leg, refer, tell),
  });
  call.listen();
  call.save();
}

/** Rings whoever was dialled; `ringing` is told the leg before it rings. */
async function reach(call: Call, { agentId, dialled }: Placing, ringing: (leg: Leg) => void): Promise<Reached> {
  const phone = await call.board.engine.phones.phoneByUsername(dialled);
  if (phone?.scope.accountId !== call.scope.accountId) return reachOutside(call, dialled, agentId, ringing);
  return phone.doc.userId === agentId ? { ok: false, status: BUSY, why: '' } : reachColleague(call, phone.doc.userId as UserId, ringing);
}

async function reachColleague(call: Call, userId: UserId, ringing: (leg: Leg) => void): Promise<Reached> {
  const ring = new Ring({ agentId: userId, token: '' });
  ring.onLeg = (leg) => {
    leg.onClose(() => ring.stop());
    ringing(leg);
  };
  const result = await ringPhones(call, ring, { role: 'guest', userId }).catch(() => undefined);
  if (result?.kind === 'answered' && ring.leg) return { ok: true, leg: ring.leg, dialog: result.dialog, sdp: result.sdp };
  return { ok: false, status: result?.kind === 'failed' ? passedOn(result.status) : UNAVAILABLE, why: '' };
}

async function reachOutside(call: Call, number: string, by: UserId, ringing: (leg: Leg) => void): Promise<Reached> {
  let refusal: DialRefusal | undefined;
  let status = UNAVAILABLE;
  const result = await invited(
    call,
    { number, role: 'guest', by, refused: (reason) => (refusal = reason), failed: (last) => (status = passedOn(last)) },
    ringing,
  );
  if (result) return { ok: true, ...result };
  if (refusal === undefined) return { ok: false, status, why: '' };
  const { code, detail } = toldOf(refusal);
  return { ok: false, status: REFUSED[code] ?? UNAVAILABLE, why: detail };
}

/** Of what the gate says; a cap that is used up is 480: a 503 would send the phone to look for another server. */
const REFUSED: Partial<Record<string, number>> = { forbidden: 403, bad_request: 404, unavailable: 503 };

const passedOn = (status: number): number => (NOT_PASSED_ON.has(status) || status < 400 ? UNAVAILABLE : status);
