/**
 * Attended transfer as phones do it: the agent talked to somebody in a second call, and now joins that one with the caller of the first. The leg moves from that call into this
 * one: new media beside the caller's, and a new offer to the phone; the second call is over then. A colleague becomes the owner; with a number outside, and between
 * two calls that the phone placed itself, the two go on without routing.
 */
import { newId, type UserId } from '../../src/base/ids.ts';
import type { Call } from './call.ts';
import { agentGone, closeForAgent, dropLeg, guestGone } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { reinvite } from './moveLeg.ts';
import { agentOf } from './state.ts';
import { joinAgent } from './talking.ts';
import type { Done } from './transfer.ts';

const WRONG_STATE: Done = { ok: false, code: 'wrong_state' };

export async function takeOver(call: Call, other: Call, next: Leg): Promise<Done> {
  const { owner } = call;
  const agent = agentOf(call.state);
  if (!owner || !agent) return WRONG_STATE;
  const to = next.userId;
  // Of a call that the agent placed no queue asks who has it.
  if (!to || call.queueId === '') return giveOutside(call, other, next, { agent, owner });
  // The second call ends first: an agent has room for one.
  const moved = await reinvite(next, other, call, 'agent');
  if (!moved) return WRONG_STATE;
  call.expectedOwner = to;
  await agentGone(other, 'joined with another call');
  const command = { interactionId: call.interaction, from: owner, to, key: newId('command'), isSupervisor: false };
  const done = await call.board.engine.router.transferInteraction(call.scope, command);
  call.expectedOwner = undefined;
  if (!done.ok || call.isOver) {
    dropLeg(call, moved, 'transfer refused');
    return done.ok ? { ok: false, code: 'gone' } : done;
  }
  joinAgent(call, moved, to);
  dropLeg(call, agent, 'transferred');
  return { ok: true };
}

/** The customer goes on with whom the agent had called, without routing: the agent is done with it. */
async function giveOutside(call: Call, other: Call, next: Leg, from: { agent: Leg; owner: UserId }): Promise<Done> {
  const moved = await reinvite(next, other, call, 'guest');
  if (!moved) return WRONG_STATE;
  await agentGone(other, 'joined with another call');
  closeForAgent(call, from.owner);
  call.isOutOfRouting = true;
  call.enter({ at: 'diverted', guest: moved });
  call.react(moved, { ...call.board.reactions.other(call, moved), ended: (reason) => guestGone(call, reason) });
  dropLeg(call, from.agent, 'transferred');
  return { ok: true };
}
