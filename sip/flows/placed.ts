/**
 * A call that an agent's phone places: to a colleague, whose phones ring, or to an outside number, through the one gate (`app/dialOut.ts`). `app/intake.ts` has asked the phone for
 * its password. To routing it is the agent's own from the first moment on, in no queue; who was called becomes the customer, and from the answer on it is a call like any other.
 * Until then the phone hears what the other side sends, and is told what became of it by the status that the other side gave: once, however the call ends.
 */
import { isIPv6 } from 'node:net';
import { voiceDefaults } from '../../queues/config.ts';
import type { Scope } from '../../queues/engine.ts';
import { SIP_REALM } from '../../queues/phones.ts';
import { AppError } from '../../src/base/errors.ts';
import { newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { type DialRefusal, toldOf } from '../app/dialOut.ts';
import type { Dialog } from '../app/dialog.ts';
import { answer } from '../app/invite.ts';
import type { Link } from '../app/link.ts';
import type { IncomingRequest, OutgoingResponse } from '../app/srf.ts';
import { familyOf } from '../sdp/session.ts';
import { Call, type Placer } from './call.ts';
import { contactOf } from './caller.ts';
import { colleagueOf } from './colleague.ts';
import { agentGone } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { tellMisled } from './moveMedia.ts';
import { invited } from './outward.ts';
import { ringPhones } from './phones.ts';
import { Ring } from './ring.ts';
import type { Switchboard } from './switchboard.ts';
import { answered, joinAgent } from './talking.ts';

export interface Placing {
  readonly link: Link;
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly scope: Scope;
  /** Whose phone it is, and the name it registers with. */
  readonly agentId: UserId;
  readonly username: string;
  /** A phone's name or short number, or a number outside. */
  readonly dialled: string;
}

type Target = { readonly kind: 'colleague'; readonly userId: UserId; readonly name: string } | { readonly kind: 'number' };
type Reached =
  | { readonly ok: true; readonly leg: Leg; readonly dialog: Dialog; readonly sdp: string }
  | { readonly ok: false; readonly status: number; readonly why: string };
type Refuse = (status: number, why: string) => void;

const BUSY = 486;
const UNAVAILABLE = 480;
const CANCELLED = 487;
const NO_SERVICE = 503;
/** The trunk's own quarrel with us is no business of the phone. */
const NOT_PASSED_ON: ReadonlySet<number> = new Set([401, 407, CANCELLED]);

/** @throws AppError unavailable (no media process, no Redis) */
export async function placeCall(board: Switchboard, placing: Placing): Promise<void> {
  const { request, response, scope, agentId, username, dialled } = placing;
  let isCancelled = false;
  let call: Call | undefined;
  request.on('cancel', () => {
    isCancelled = true;
    if (call) void agentGone(call, 'cancelled');
  });
  const [name, target] = await Promise.all([board.names.agent(scope, agentId), targetOf(board, placing), board.follow(scope)]);
  if (isCancelled) return;
  if (target.kind === 'colleague' && target.userId === agentId) return response.send(BUSY);
  const placedBy: Placer = { agentId, name, username };
  const identity = {
    id: newId('call'),
    scope,
    interaction: newId('interaction'),
    contactId: contactOf(scope.accountId, dialled),
    caller: dialled,
    callerName: target.kind === 'colleague' ? target.name : '',
    dialled,
    queueId: '' as QueueId,
    voice: voiceDefaults,
    placedBy,
  };
  call = new Call(board, identity, board.media.choose());
  call.owner = agentId;
  const refuse = refusal(call, response, () => isCancelled);
  await connect(call, placing, target, refuse);
}

/** Ends the call with a status for the phone. That is told when the call ends, whoever ends it, unless the phone gave up itself or was answered. */
function refusal(call: Call, response: OutgoingResponse, isCancelled: () => boolean): Refuse {
  let [status, why] = [UNAVAILABLE, ''];
  call.onEnd(() => {
    if (isCancelled() || response.finalResponseSent) return;
    const warning = why ? { Warning: `399 ${SIP_REALM} "${why.replaceAll('"', "'")}"` } : {};
    response.send(status, { headers: { ...warning, ...(status === NO_SERVICE ? { 'Retry-After': '10' } : {}) } });
  });
  return (toldStatus, toldWhy) => {
    [status, why] = [toldStatus, toldWhy];
    void agentGone(call, toldWhy || String(toldStatus));
  };
}

async function connect(call: Call, placing: Placing, target: Target, refuse: Refuse): Promise<void> {
  const { board } = call;
  const { link, request, response, agentId } = placing;
  const family = familyOf(request.body) ?? (isIPv6(request.source_address) ? 'IPv6' : 'IPv4');
  const leg = await begin(call, agentId, family).catch((error: unknown) => {
    if (!call.isOver) board.log.info({ err: error, call: call.id }, 'placing.failed');
    refuse(error instanceof AppError && error.code === 'account_inactive' ? UNAVAILABLE : NO_SERVICE, '');
    return undefined;
  });
  if (!leg) return;
  const agreed = request.body === '' ? undefined : leg.negotiation.answer(request.body);
  if (agreed && !agreed.ok) return refuse(488, 'no common codec');
  const sdp = agreed?.sdp ?? leg.negotiation.offer();

  // A phone that insists on reliable provisional responses (RFC 3262) gets none before the answer: it hears ringing by itself.
  const isTold = !/\b100rel\b/i.test(request.get('Require') ?? '');
  const reached = await reach(call, placing, target, {
    ringing(called) {
      if (call.enter({ at: 'dialling', placing: leg, called, isEarly: false }) && isTold) response.send(180);
    },
    /** RFC 3960 3.2: the ring tone or the announcement of the other side is heard, where it sends one. */
    early(theirs) {
      const { state } = call;
      if (!agreed || !isTold || state.at !== 'dialling' || !state.called) return;
      const heard = state.called.negotiation.accept(theirs);
      if (!heard.ok) return;
      call.connect(state.called, heard.remote);
      call.connect(leg, agreed.remote);
      if (!state.isEarly) response.send(183, { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
      call.enter({ ...state, isEarly: true });
    },
  });
  if (!reached.ok) return refuse(reached.status, reached.why);
  if (call.isOver) return reached.dialog.bye();
  const customer = reached.leg;
  if (!answered(call, customer, reached)) return refuse(UNAVAILABLE, 'no common codec');
  call.react(customer, board.reactions.customer(call, customer));
  if (call.isOver) return;
  if (agreed) {
    leg.isHoldingUs = agreed.isHeld;
    call.connect(leg, agreed.remote);
  }
  const { scope, interaction } = call;
  void board.owe('answered', () => board.engine.router.answerPlaced(scope, { interactionId: interaction }));
  joinAgent(call, leg, agentId);
  await take(call, leg, answer(board.dialogs, link, { request, response, sdp }));
}

/** Its end of the media, and the call in routing. @throws AppError: not both of them */
async function begin(call: Call, agentId: UserId, family: 'IPv4' | 'IPv6'): Promise<Leg> {
  const { board, scope, interaction, contactId, callerName, caller } = call;
  const legId = newId('leg');
  const command = { interactionId: interaction, agentId, contactId, name: callerName || caller, connectionId: legId };
  const [opened, placed] = await Promise.allSettled([
    call.openLeg({ id: legId, role: 'agent', name: call.placedBy?.name ?? '', userId: agentId }, family),
    board.engine.router.placeCall(scope, command),
  ]);
  if (placed.status === 'rejected') throw placed.reason;
  if (!placed.value.ok) throw new AppError(placed.value.code);
  if (opened.status === 'rejected') throw opened.reason;
  if (call.isOver) throw new AppError('gone');
  board.carry(call);
  call.enter({ at: 'dialling', placing: opened.value, called: undefined, isEarly: false });
  return opened.value;
}

/** Both talk from here on, as soon as the calling phone has its answer. */
async function take(call: Call, leg: Leg, answering: Promise<Dialog | undefined>): Promise<void> {
  const dialog = await answering;
  if (!dialog) return agentGone(call, 'cancelled');
  leg.dialog = dialog;
  // The other side hung up, or was handed on at the desk.
  if (leg.isOver) return dialog.bye();
  leg.answeredAt = Date.now();
  call.react(leg, call.board.reactions.agent(call, leg));
  tellMisled(call, leg);
  call.note();
  call.save();
}

async function targetOf(board: Switchboard, { scope, dialled }: Placing): Promise<Target> {
  const userId = await colleagueOf(board, scope, dialled);
  if (!userId) return { kind: 'number' };
  return { kind: 'colleague', userId, name: await board.names.agent(scope, userId) };
}

/** What is told before somebody answers. */
interface Told {
  /** The leg of who is called, before it rings. */
  ringing(called: Leg): void;
  early(sdp: string): void;
}

/** Rings whoever was dialled. */
function reach(call: Call, { agentId, dialled }: Placing, target: Target, told: Told): Promise<Reached> {
  return target.kind === 'colleague' ? reachColleague(call, target.userId, told) : reachOutside(call, dialled, agentId, told);
}

const progressOf =
  ({ early }: Told) =>
  (_status: number, sdp: string): void => {
    if (sdp !== '') early(sdp);
  };

async function reachColleague(call: Call, userId: UserId, told: Told): Promise<Reached> {
  const ring = new Ring({ agentId: userId, token: '' });
  ring.onLeg = (leg) => {
    leg.onClose(() => ring.stop());
    told.ringing(leg);
  };
  const result = await ringPhones(call, ring, { role: 'customer', userId, onProgress: progressOf(told) }).catch(() => undefined);
  if (result?.kind === 'answered' && ring.leg) return { ok: true, leg: ring.leg, dialog: result.dialog, sdp: result.sdp };
  return { ok: false, status: result?.kind === 'failed' ? passedOn(result.status) : UNAVAILABLE, why: '' };
}

async function reachOutside(call: Call, number: string, by: UserId, told: Told): Promise<Reached> {
  let refusal: DialRefusal | undefined;
  let status = UNAVAILABLE;
  const outward = {
    number,
    role: 'customer' as const,
    by,
    refused: (reason: DialRefusal): void => void (refusal = reason),
    failed: (last: number): void => void (status = passedOn(last)),
    onProgress: progressOf(told),
  };
  const result = await invited(call, outward, told.ringing);
  if (result) return { ok: true, ...result };
  if (refusal === undefined) return { ok: false, status, why: '' };
  const { code, detail } = toldOf(refusal);
  return { ok: false, status: REFUSED[code] ?? UNAVAILABLE, why: detail };
}

/** Of what the gate says; a cap that is used up is 480: a 503 would send the phone to look for another server. */
const REFUSED: Partial<Record<string, number>> = { forbidden: 403, bad_request: 404, unavailable: NO_SERVICE };

const passedOn = (status: number): number => (NOT_PASSED_ON.has(status) || status < 400 ? UNAVAILABLE : status);
