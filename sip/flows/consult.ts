/**
 * Consulting: the caller hears music while the agent talks to a colleague or an outside number; then back to the caller, all three together, or the one who was consulted
 * gets the caller.
 */
import { newId, type UserId } from '../../src/base/ids.ts';
import type { CallTarget } from '../../src/protocol/calls.ts';
import { type DialRefusal, toldOf } from '../app/dialOut.ts';
import type { Call } from './call.ts';
import { colleagueOf } from './colleague.ts';
import { agentGone, closeForAgent, dropLeg, guestGone } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { invited } from './outward.ts';
import { ringPhones } from './phones.ts';
import { Ring } from './ring.ts';
import { answered, joinAgent } from './talking.ts';
import type { Done } from './transfer.ts';

const DONE: Done = { ok: true };
const WRONG_STATE: Done = { ok: false, code: 'wrong_state' };

/** Done when it rings there. */
export async function consult(call: Call, to: CallTarget): Promise<Done> {
  const { state, owner } = call;
  if ((state.at !== 'talking' && state.at !== 'held') || !owner || to.kind === 'queue') return WRONG_STATE;
  const colleague = to.kind === 'agent' ? (to.userId as UserId) : await colleagueOf(call.board, call.scope, to.number);
  if (colleague === owner || call.state !== state) return WRONG_STATE;
  const { agent } = state;
  const began = Promise.withResolvers<boolean>();
  let refusal: Done = { ok: false, code: 'unavailable' };
  const refused = (reason: DialRefusal): void => {
    refusal = toldOf(reason);
  };
  const ringing = (leg: Leg): void => began.resolve(call.enter({ at: 'consulting', agent, consult: leg }));
  const answer =
    to.kind === 'agent' || colleague
      ? ringAgent(call, colleague as UserId, ringing)
      : invited(call, { number: to.number, role: 'consult', by: owner, refused }, ringing);
  void answer
    .catch(() => undefined)
    .then((result) => {
      began.resolve(false);
      consultAnswered(call, result);
    });
  return (await began.promise) ? DONE : refusal;
}

async function ringAgent(call: Call, userId: UserId, ringing: (leg: Leg) => void): ReturnType<typeof invited> {
  const ring = new Ring({ agentId: userId, token: '' });
  ring.onLeg = (leg) => {
    leg.onClose(() => ring.stop());
    ringing(leg);
  };
  const result = await ringPhones(call, ring, { role: 'consult', userId });
  if (result.kind === 'answered' && ring.leg) return { leg: ring.leg, dialog: result.dialog, sdp: result.sdp };
  if (ring.leg) dropLeg(call, ring.leg, result.kind === 'failed' ? String(result.status) : 'not answered');
  return undefined;
}

function consultAnswered(call: Call, result: Awaited<ReturnType<typeof invited>>): void {
  const { state } = call;
  if (result && state.at === 'consulting' && state.consult === result.leg && answered(call, result.leg, result)) {
    call.react(result.leg, call.board.reactions.other(call, result.leg));
    call.enter({ ...state });
  } else if (call.state.at === 'consulting' && (!result || call.state.consult.isOver)) backToCaller(call);
  else result?.dialog.bye();
}

/** The consultation is over: the agent hears the caller again. */
export function backToCaller(call: Call): boolean {
  const { state } = call;
  if (state.at !== 'consulting') return false;
  if (!call.enter({ at: 'talking', agent: state.agent })) return false;
  dropLeg(call, state.consult, 'consultation over');
  return true;
}

/** Attended transfer. The one who asked is let go once routing agreed. */
export async function complete(call: Call): Promise<Done> {
  const { state, owner } = call;
  if (state.at !== 'consulting' || !owner || !state.consult.isConnected) return WRONG_STATE;
  const { agent, consult: next } = state;
  if (!next.userId) {
    closeForAgent(call, owner);
    call.isOutOfRouting = true;
    call.enter({ at: 'diverted', guest: next });
    call.react(next, { ...call.board.reactions.other(call, next), ended: (reason) => guestGone(call, reason) });
    dropLeg(call, agent, 'transferred');
    return DONE;
  }
  return giveTo(call, agent, owner, next, next.userId);
}

/** The interaction goes to an agent whose phone is connected already. */
async function giveTo(call: Call, agent: Leg, from: UserId, next: Leg, to: UserId): Promise<Done> {
  call.expectedOwner = to;
  const command = { interactionId: call.interaction, from, to, key: newId('command'), isSupervisor: false };
  const moved = await call.board.engine.router.transferInteraction(call.scope, command);
  call.expectedOwner = undefined;
  if (!moved.ok) return moved;
  if (call.isOver) return { ok: false, code: 'gone' };
  next.role = 'agent';
  joinAgent(call, next, to);
  dropLeg(call, agent, 'transferred');
  // It hung up while routing was asked.
  if (next.isOver) agentGone(call, 'hung up');
  return DONE;
}

/** Everybody hears everybody. */
export async function conference(call: Call): Promise<Done> {
  const { state, owner } = call;
  if (state.at !== 'consulting' || !owner || !state.consult.isConnected) return WRONG_STATE;
  const { agent, consult: guest } = state;
  if (guest.userId) {
    const invite = { interactionId: call.interaction, by: owner, agentId: guest.userId, key: newId('command'), isSupervisor: false };
    const joined = await call.board.engine.router.inviteParticipant(call.scope, invite);
    if (!joined.ok) return joined;
  }
  if (guest.isOver || call.state !== state) return WRONG_STATE;
  guest.role = 'guest';
  call.enter({ at: 'conference', agent, guests: [guest] });
  return DONE;
}

/** Who was consulted, or a guest of the conference, hung up. */
export function otherGone(call: Call, leg: Leg): void {
  const { state } = call;
  if (state.at === 'consulting' && state.consult === leg) {
    dropLeg(call, leg, 'hung up');
    call.enter({ at: 'talking', agent: state.agent });
  } else if (state.at === 'conference' && state.guests.includes(leg)) {
    const guests = state.guests.filter((guest) => guest !== leg);
    if (leg.userId) {
      const leave = { interactionId: call.interaction, agentId: leg.userId, key: newId('command') };
      void call.board.owe('leave', () => call.board.engine.router.leaveInteraction(call.scope, leave));
    }
    dropLeg(call, leg, 'hung up');
    call.enter(guests.length > 0 ? { ...state, guests } : { at: 'talking', agent: state.agent });
  } else if (state.at === 'diverted' && state.guest === leg) guestGone(call, 'hung up');
  else dropLeg(call, leg, 'hung up');
}

/** The agent hung up in the middle: a consultation that was answered becomes a transfer, a colleague in the conference goes on with the caller. */
export async function agentLeft(call: Call, leg: Leg, cause: string): Promise<void> {
  const { state, owner } = call;
  const next =
    state.at === 'consulting' && state.consult.isConnected
      ? state.consult
      : state.at === 'conference'
        ? state.guests.find((guest) => guest.isConnected && guest.userId)
        : undefined;
  if (!next || !owner) return agentGone(call, cause);
  leg.cause = cause;
  const done = state.at === 'consulting' ? await complete(call) : await giveTo(call, leg, owner, next, next.userId as UserId);
  if (!done.ok) agentGone(call, cause);
}
