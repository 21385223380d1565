/**
 * Handing a caller on: blind to an agent, a queue or an outside number (desk command, or REFER from the phone, RFC 3515), attended by REFER with Replaces (RFC 3891) or by the
 * desk's `consult.complete`. Who hands on is let go when routing has agreed; until then nothing changes for the caller.
 */
import type { ErrorCode } from '../../src/base/errors.ts';
import { newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import type { CallTarget } from '../../src/protocol/calls.ts';
import { type DialRefusal, toldOf } from '../app/dialOut.ts';
import type { Call } from './call.ts';
import { userOf } from './caller.ts';
import { colleagueOf } from './colleague.ts';
import { sayAndHangUp } from './divert.ts';
import { closeForAgent, dropLeg, guestGone } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { invited } from './outward.ts';
import { backInQueue, ringOwner } from './ringing.ts';
import { agentOf } from './state.ts';
import { answered } from './talking.ts';
import { startWaiting } from './waiting.ts';

export type Done = { readonly ok: true } | { readonly ok: false; readonly code: ErrorCode; readonly detail?: string };
const DONE: Done = { ok: true };
/** What a phone is told; else 503. */
const REFUSALS: Partial<Record<ErrorCode, number>> = { forbidden: 403, bad_request: 403 };

/** A number as it was dialled leads to a queue, to a colleague, or outside. */
export async function transfer(call: Call, to: CallTarget): Promise<Done> {
  const { owner } = call;
  if (!owner || !agentOf(call.state)) return { ok: false, code: 'wrong_state' };
  if (to.kind === 'agent') return toAgent(call, owner, to.userId as UserId);
  if (to.kind === 'queue') return toQueue(call, owner, to.queueId as QueueId);
  const line = await call.board.engine.phones.number(to.number, call.scope.accountId);
  if (line?.scope.accountId === call.scope.accountId && line.doc.isActive) return toQueue(call, owner, line.doc.queueId as QueueId);
  const colleague = await colleagueOf(call.board, call.scope, to.number);
  return colleague ? toAgent(call, owner, colleague) : toNumber(call, owner, to.number);
}

async function toAgent(call: Call, from: UserId, to: UserId): Promise<Done> {
  const { scope, interaction, board } = call;
  const command = { interactionId: interaction, from, to, key: newId('command'), isSupervisor: false };
  const moved = await board.engine.router.transferInteraction(scope, command);
  if (!moved.ok) return moved;
  handedOver(call, to);
  return DONE;
}

/** Routing gave it to somebody else: who talked is let go, the new owner's phones ring. Idempotent, for the log tells it too. */
export function handedOver(call: Call, to: UserId): void {
  if (call.isOver || call.owner === to) return;
  letGo(call, 'transferred');
  ringOwner(call, to);
}

async function toQueue(call: Call, from: UserId, queueId: QueueId): Promise<Done> {
  const { scope, interaction, board } = call;
  const move = { interactionId: interaction, from, queueId, key: newId('command'), isSupervisor: false };
  const moved = await board.engine.router.requeueInteraction(scope, move);
  if (!moved.ok) return moved;
  requeued(call, from, queueId);
  return DONE;
}

/** It waits again. Idempotent, for the log tells it too; `from` is who had it. */
export function requeued(call: Call, from: UserId, queueId: QueueId): void {
  if (call.isOver || call.owner !== from) return;
  const isFirst = call.queueId === '';
  call.movedTo(queueId);
  letGo(call, 'transferred');
  backInQueue(call);
  if (isFirst) startWaiting(call);
}

/** Everybody but the caller. */
export function letGo(call: Call, cause: string): void {
  for (const leg of call.legs) if (leg.role !== 'customer') dropLeg(call, leg, cause);
}

async function toNumber(call: Call, owner: UserId, number: string): Promise<Done> {
  const { promise: rings, resolve: isRinging } = Promise.withResolvers<true>();
  let refusal: Done = { ok: false, code: 'unavailable' };
  const refused = (reason: DialRefusal): void => {
    refusal = toldOf(reason);
  };
  const result = invited(call, { number, role: 'guest', by: owner, refused }, (guest) => {
    for (const leg of call.legs) if (leg !== guest && leg.role !== 'customer') dropLeg(call, leg, 'transferred');
    closeForAgent(call, owner);
    call.isOutOfRouting = true;
    call.enter({ at: 'diverted', guest });
    isRinging(true);
  });
  // Whether it may be dialled is known when it rings; whether somebody answers is no matter of the one who handed on.
  const settled = result.then((leg) => numberAnswered(call, leg));
  return (await Promise.race([rings, settled])) ? DONE : refusal;
}

function numberAnswered(call: Call, result: Awaited<ReturnType<typeof invited>>): void {
  if (call.isOver || call.at !== 'diverted') return;
  if (!result || !answered(call, result.leg, result)) {
    call.enter({ at: 'diverted', guest: undefined });
    return sayAndHangUp(call, 'transfer-failed', 'number not reached');
  }
  call.react(result.leg, { ...call.board.reactions.other(call, result.leg), ended: (reason) => guestGone(call, reason) });
  call.listen();
}

/** REFER of the agent's phone. The answer to it is a status; `tell` says later what became of it. */
export function referred(call: Call, leg: Leg, refer: { readonly to: string }, tell: (status: number, isOver: boolean) => void): number {
  const isTheirs = agentOf(call.state) === leg && call.owner !== undefined;
  if (!isTheirs || call.isBusy) return 403;
  const replaces = /[?&]Replaces=([^&>]+)/i.exec(refer.to)?.[1];
  const number = userOf(refer.to);
  if (replaces && !isEscaped(replaces)) return 400;
  if (!replaces && !/^\+?[0-9*#]{1,32}$|^[\w.+-]{1,64}$/.test(number)) return 400;
  call.isBusy = true;
  const work = replaces ? attended(call, decodeURIComponent(replaces)) : transfer(call, { kind: 'number', number });
  void work
    .catch((error: unknown): Done => {
      call.board.log.warn({ err: error, call: call.id }, 'refer.failed');
      return { ok: false, code: 'internal' };
    })
    .then((done) => {
      call.isBusy = false;
      tell(done.ok ? 200 : (REFUSALS[done.code] ?? 503), true);
    });
  tell(100, false);
  return 202;
}

/** RFC 3986 2.1, in UTF-8. */
function isEscaped(text: string): boolean {
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
}

/**
 * The phone holds two calls and joins their other ends: the caller of this one goes to whoever the phone talks to in the other. The other call is
 * found by its dialog, and only one of the same account and the same agent counts.
 */
async function attended(call: Call, replaces: string): Promise<Done> {
  const [callId = '', ...params] = replaces.split(';');
  const tags = params.flatMap((param) => /^(?:to|from)-tag=(.+)$/.exec(param)?.[1] ?? []);
  const dialog = call.board.dialogs.byCallAndTags(callId, tags);
  const other = dialog && call.board.calls.ofDialog(dialog);
  if (!other || other.call.scope.accountId !== call.scope.accountId || other.call === call) return { ok: false, code: 'not_found' };
  // Who knows the tags of somebody else's call gets nothing by them.
  if (!call.owner || (await placerOf(other.call)) !== call.owner) return { ok: false, code: 'forbidden' };
  const target = targetOf(other.call);
  if (!target?.isConnected || other.leg === target) return { ok: false, code: 'wrong_state' };
  // The consultation was a call of its own; who was consulted is taken out of it and gets the caller.
  return call.board.stories.takeOver(call, other.call, target);
}

/** Whose phone called: in a call that it placed, or one that it made to a queue. */
async function placerOf({ board, scope, placedBy, caller }: Call): Promise<UserId | undefined> {
  if (placedBy) return placedBy.agentId;
  const phone = await board.engine.phones.phoneByUsername(caller);
  return phone?.scope.accountId === scope.accountId ? (phone.doc.userId as UserId) : undefined;
}

/** Whom the phone talks to there. */
function targetOf(call: Call): Leg | undefined {
  const { state, placedBy } = call;
  if (state.at === 'diverted') return state.guest;
  return placedBy && agentOf(state) ? call.customer : agentOf(state);
}
