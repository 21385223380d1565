/**
 * A caller reaches a queue: media and interaction are made side by side, the call is answered at once (who waits in a queue is on the phone already) and hears
 * music; agents ring from the first moment. Whatever fails before the answer becomes a SIP status and leaves nothing behind.
 */
import { isIPv6 } from 'node:net';
import type { NewInteraction, Scope } from '../../queues/engine.ts';
import type { NumberDoc } from '../../queues/phones.ts';
import { AppError, type ErrorCode } from '../../src/base/errors.ts';
import { type CallId, type GroupId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { answer } from '../app/invite.ts';
import type { Link } from '../app/link.ts';
import type { IncomingRequest, OutgoingResponse } from '../app/srf.ts';
import { familyOf } from '../sdp/session.ts';
import { Call } from './call.ts';
import { contactOf } from './caller.ts';
import { customerGone } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { offered, taken } from './ringing.ts';
import type { Switchboard } from './switchboard.ts';
import { startWaiting } from './waiting.ts';

export interface Inbound {
  readonly link: Link;
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  readonly scope: Scope;
  readonly number: NumberDoc;
  readonly caller: { readonly number: string; readonly name: string };
}

/** Seconds after which a caller who is told 503 may try again. */
const RETRY_AFTER = '10';
const STATUS: Partial<Record<ErrorCode, number>> = { account_inactive: 480, not_found: 404, log_full: 503, gone: 487 };

export async function takeCall(board: Switchboard, inbound: Inbound): Promise<void> {
  const { link, request, response, number, caller } = inbound;
  const call = await begin(board, inbound).catch((error: unknown) => refuse(board, inbound, error));
  if (!call) return;

  let isCancelled = false;
  request.on('cancel', () => {
    isCancelled = true;
    if (call.state.at === 'entering') call.end('cancelled');
  });
  const identity = { role: 'customer' as const, name: caller.name || caller.number };
  const family = familyOf(request.body) ?? (isIPv6(request.source_address) ? 'IPv6' : 'IPv4');
  const customerId = newId('leg');
  // Whoever of the two fails takes the other with it.
  const [opened, started] = await Promise.allSettled([
    // What both sides said of their media is settled while the engine is asked.
    call.openLeg({ ...identity, id: customerId }, family).then((leg) => ({ leg, sdp: describe(call, leg, request.body) })),
    reach(board, call, number, customerId),
  ]);
  const isStarted = started.status === 'fulfilled' && started.value.ok;
  const abandon = (cause: string): void => (isStarted ? customerGone(call, cause) : call.end(cause));
  if (started.status === 'rejected' || !started.value.ok) {
    call.end('not started');
    const why = started.status === 'rejected' ? started.reason : started.value.ok ? undefined : new AppError(started.value.code);
    return isCancelled ? undefined : refuse(board, inbound, why);
  }
  if (opened.status === 'rejected') {
    if (call.isOver && isStarted) forgetInteraction(call);
    else abandon('no media');
    return isCancelled ? undefined : refuse(board, inbound, opened.reason);
  }
  if (isCancelled || call.isOver) {
    forgetInteraction(call);
    // Ended by routing: nobody has answered the caller yet.
    return isCancelled ? undefined : refuse(board, inbound, undefined);
  }

  const { leg, sdp } = opened.value;
  if (sdp === undefined) {
    abandon('no common codec');
    return response.send(488);
  }
  call.enter({ at: 'waiting', rings: new Map() });
  for (const offer of [...started.value.offers, ...call.earlyOffers.splice(0)]) offered(call, offer);
  const owner = started.value.interaction.owner?.id ?? call.takenBy;
  if (owner) taken(call, owner as UserId);

  const dialog = await answer(board.dialogs, link, { request, response, sdp });
  if (!dialog) return customerGone(call, 'cancelled');
  leg.dialog = dialog;
  if (call.isOver) return dialog.bye();
  leg.answeredAt = Date.now();
  call.react(leg, board.reactions.customer(call, leg));
  if (call.isOver) return;
  call.save();
  call.customerAnswered();
  startWaiting(call);
}

async function begin(board: Switchboard, { scope, number, caller }: Inbound): Promise<Call> {
  const queueId = number.queueId as QueueId;
  // The log is followed before the interaction can have an event.
  const [voice] = await Promise.all([board.voice(scope, queueId), board.follow(scope)]);
  const identity = {
    id: newId('call') as CallId,
    scope,
    interaction: newId('interaction'),
    contactId: contactOf(scope.accountId, caller.number),
    caller: caller.number,
    callerName: caller.name,
    dialled: number.number,
    queueId,
    voice,
  };
  return new Call(board, identity, board.media.choose());
}

/** A new interaction, or the one in which this caller was cut off a moment ago: it keeps its place, and its agent. */
async function reach(
  board: Switchboard,
  call: Call,
  number: NumberDoc,
  connectionId: string,
): ReturnType<Switchboard['engine']['router']['startInteraction']> {
  const { router, views } = board.engine;
  const { scope, contactId } = call;
  const known = board.mayRedial() && call.caller !== '' ? await views.ofContact(scope, contactId) : [];
  const cutOff = known.find(
    ({ state, medium, client }) => medium === 'voice' && state !== 'closed' && state !== 'ended' && client.presence === 'reconnecting',
  );
  if (cutOff) {
    const attached = await router.attachClient(scope, { interactionId: cutOff.id as InteractionId, contactId, connectionId });
    if (attached.ok) {
      call.continueInteraction(cutOff.id as InteractionId, cutOff.queue as QueueId);
      return { ok: true, interaction: attached.interaction, off: 0, isRepeat: true, offers: [] };
    }
  }
  return router.startInteraction(scope, interactionFor(call, number, connectionId));
}

function interactionFor(call: Call, number: NumberDoc, connectionId: string): NewInteraction {
  return {
    id: call.interaction,
    queueId: call.queueId,
    groupId: '' as GroupId,
    contactId: call.contactId,
    key: call.id,
    name: call.callerName || call.caller,
    email: '',
    language: call.language,
    page: '',
    userAgent: number.number,
    text: '',
    connectionId,
    medium: 'voice',
  };
}

/** Our answer to the caller's offer, or our offer when the INVITE had none; undefined: nothing in common. */
function describe(call: Call, leg: Leg, offer: string): string | undefined {
  if (offer === '') return leg.negotiation.offer();
  const agreed = leg.negotiation.answer(offer);
  if (!agreed.ok) return undefined;
  call.connect(leg, agreed.remote);
  leg.isHoldingUs = agreed.isHeld;
  return agreed.sdp;
}

/** It was started after the caller had gone. */
function forgetInteraction(call: Call): void {
  const end = { interactionId: call.interaction, by: 'client' as const, memberId: call.contactId, isSupervisor: false };
  void call.board.owe('end', () => call.board.engine.router.endInteraction(call.scope, end));
}

function refuse(board: Switchboard, { response, number }: Inbound, error: unknown): undefined {
  const code = error instanceof AppError ? error.code : 'internal';
  const status = STATUS[code] ?? 503;
  board.log.info({ err: error instanceof AppError ? undefined : error, number: number.id, code, status }, 'call.refused');
  if (!response.finalResponseSent) response.send(status, status === 503 ? { headers: { 'Retry-After': RETRY_AFTER } } : {});
  return undefined;
}
