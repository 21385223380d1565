/**
 * The end of a call: who hung up decides what routing is told. A caller who leaves a queue abandons; one who was served has ended the conversation, which is closed
 * for the agent so that wrap-up begins (an outcome that must be chosen is left to the desk). Legs are hung up first, routing is told beside.
 */
import type { UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import type { Call } from './call.ts';
import type { Leg } from './leg.ts';

/** RFC 3326, Q.850 16. */
const NORMAL = 'Q.850;cause=16;text="Normal call clearing"';

/** The caller hung up, was lost, or pressed what ends the call. */
export function customerGone(call: Call, cause: string): void {
  if (call.isOver) return;
  const { owner, isOutOfRouting } = call;
  call.end(cause, NORMAL);
  if (isOutOfRouting) return;
  const { scope, interaction, contactId } = call;
  const end = { interactionId: interaction, by: 'client' as const, memberId: contactId, isSupervisor: false };
  void call.board.owe('end', async () => {
    const ended = call.board.engine.router.endInteraction(scope, end);
    // Side by side, and done one after the other: commands leave on one connection in their order.
    await Promise.all([ended, owner ? close(call, owner) : undefined]);
  });
}

/** The agent who serves the caller hung up: the conversation is over. */
export async function agentGone(call: Call, cause: string): Promise<void> {
  const { owner, isOutOfRouting } = call;
  call.end(cause, NORMAL);
  if (!isOutOfRouting && owner) await call.board.owe('close', () => close(call, owner));
}

/** Routing ended it: closed at the desk, rejected, or lost. Nothing is told back. */
export function endedInRouting(call: Call, cause: string): void {
  call.isOutOfRouting = true;
  call.end(cause, NORMAL);
}

/** The other one of a call out of routing hung up. */
export function guestGone(call: Call, cause: string): void {
  call.end(cause, NORMAL);
}

export function closeForAgent(call: Call, agentId: UserId): void {
  void call.board.owe('close', () => close(call, agentId));
}

async function close(call: Call, agentId: UserId): Promise<void> {
  const { scope, interaction, board } = call;
  const { router } = board.engine;
  const command = { interactionId: interaction, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
  const closed = await router.closeInteraction(scope, command);
  if (closed.ok || closed.code !== 'outcome_required') return;
  // The desk asks for the outcome; until then it is over, and the agent not free.
  await router.endInteraction(scope, { interactionId: interaction, by: 'agent', memberId: agentId, isSupervisor: false });
}

/** One leg that is not needed any more. */
export function dropLeg(call: Call, leg: Leg, cause: string): void {
  call.closeLeg(leg, cause, NORMAL);
}
