/**
 * From an offer to an agent on the phone: every phone of the agent rings, the first that answers has to get the offer accepted by the routing engine, and only
 * then are the two connected. An offer that went meanwhile (expired, taken, the caller gone) hangs the phone up and leaves the caller where it was.
 */
import type { Offered, Outcome } from '../../queues/engine.ts';
import { newId, type UserId } from '../../src/base/ids.ts';
import type { Call } from './call.ts';
import { sayAndHangUp } from './divert.ts';
import { closeForAgent, dropLeg } from './hangUp.ts';
import { ringPhones } from './phones.ts';
import { Ring, type RingResult } from './ring.ts';
import { answered, joinAgent } from './talking.ts';

/** Offers that are over, as far back as an answer can come too late. */
const GONE_KNOWN = 100;
const offerId = ({ agentId, token }: Pick<Offered, 'agentId' | 'token'>): string => `${agentId} ${token}`;

/** An offer is made: known from the answer to our own command, or from the log; told twice it rings once. */
export function offered(call: Call, offer: Pick<Offered, 'agentId' | 'token' | 'ways'>): void {
  const { state } = call;
  if (call.goneOffers.has(offerId(offer))) return;
  // An agent came free after the interaction was begun, and the caller's media are not open yet.
  if (state.at === 'entering') call.earlyOffers.push(offer);
  if (state.at !== 'waiting') return;
  const standing = state.rings.get(offer.agentId);
  if (standing?.token === offer.token) return;
  if (standing) giveUp(call, standing, 'replaced');
  const ring = new Ring(offer);
  if (call.enter({ at: 'waiting', rings: new Map(ringsOf(call)).set(offer.agentId, ring) })) void ringForOffer(call, ring);
}

/** The offer is over. A phone that has answered already is being settled by its own accept. */
export function offerGone(call: Call, agentId: UserId, token: string): void {
  // The log may be faster than the answer to the command that made the offer.
  if (call.goneOffers.size >= GONE_KNOWN) call.goneOffers.clear();
  call.goneOffers.add(offerId({ agentId, token }));
  const ring = ringsOf(call).get(agentId);
  if (ring?.token === token && !ring.isAnswered) giveUp(call, ring, 'offer gone');
}

/**
 * Somebody owns the interaction. When that was our own accept, it is known; else it was taken at the desk, and the agent's phones ring (those that ring for
 * the offer already go on).
 */
export function taken(call: Call, agentId: UserId): void {
  const { state } = call;
  if (state.at !== 'waiting') return;
  const ring = ringsOf(call).get(agentId);
  if (ring?.isAnswered) return;
  for (const other of ringsOf(call).values()) if (other !== ring) giveUp(call, other, 'taken');
  call.owner = agentId;
  if (ring) call.enter({ at: 'moving', ring });
  else ringOwner(call, agentId);
}

/** Rings the phones of an agent who owns the call. Whoever talked before has been let go by the flow that called this. */
export function ringOwner(call: Call, agentId: UserId): void {
  const ring = new Ring({ agentId, token: '' });
  if (call.state.at === 'moving') {
    call.state.ring.stop();
    if (call.state.ring.leg) dropLeg(call, call.state.ring.leg, 'replaced');
  }
  call.owner = agentId;
  if (call.enter({ at: 'moving', ring })) void ringForOffer(call, ring);
}

async function ringForOffer(call: Call, ring: Ring): Promise<void> {
  let result: RingResult;
  try {
    result = await ringPhones(call, ring, { role: 'agent', userId: ring.agentId });
  } catch (error) {
    call.board.log.warn({ err: error, call: call.id, agent: ring.agentId }, 'ring.failed');
    result = { kind: 'failed', status: 503, isDeclined: false };
  }
  const { leg } = ring;
  if (result.kind !== 'answered' || !leg) {
    if (leg) dropLeg(call, leg, result.kind === 'failed' ? String(result.status) : 'not answered');
    if (result.kind === 'failed') await notAnswered(call, ring);
    return;
  }
  if (!answered(call, leg, result)) return notAnswered(call, ring);
  // The phone may hang up while the engine is asked.
  let isGone = false;
  result.dialog.on = { ...call.board.reactions.agent(call, leg), ended: () => (isGone = true) };
  // Together with the accept: the desk, which hears of that, may command the call at once.
  call.board.carry(call);
  const isOwner = (call.state.at === 'moving' && call.state.ring === ring) || (await accept(call, ring));
  if (!isOwner || call.isOver || (call.state.at !== 'waiting' && call.state.at !== 'moving')) {
    dropLeg(call, leg, 'offer gone');
    return forget(call, ring);
  }
  for (const other of ringsOf(call).values()) if (other !== ring) giveUp(call, other, 'taken');
  joinAgent(call, leg, ring.agentId);
  if (isGone) call.board.reactions.agent(call, leg).ended('hung up');
}

async function accept(call: Call, ring: Ring): Promise<boolean> {
  const { scope, interaction, board } = call;
  const offer = { interactionId: interaction, agentId: ring.agentId, token: ring.token };
  try {
    const accepted = await board.engine.router.acceptOffer(scope, offer);
    if (!accepted.ok) board.log.info({ call: call.id, agent: ring.agentId, code: accepted.code }, 'offer.accept.refused');
    // Taken at the desk by the same agent a moment before: it is the owner's phone that answered.
    return accepted.ok || call.takenBy === ring.agentId;
  } catch (error) {
    board.log.warn({ err: error, call: call.id }, 'offer.accept.failed');
    return call.takenBy === ring.agentId;
  }
}

/** No phone of the agent took it: the offer is declined, and a call that the agent owns already goes back to its queue with its place. */
async function notAnswered(call: Call, ring: Ring): Promise<void> {
  const { scope, interaction, board } = call;
  const isOwner = call.state.at === 'moving' && call.state.ring === ring;
  forget(call, ring);
  if (call.isOver) return;
  const { router } = board.engine;
  if (!isOwner) {
    const offer = { interactionId: interaction, agentId: ring.agentId, token: ring.token };
    void board.owe('decline', () => router.declineOffer(scope, offer));
    return;
  }
  const move = {
    interactionId: interaction,
    from: ring.agentId,
    queueId: call.queueId,
    key: newId('command'),
    isSupervisor: false,
  };
  let moved = undefined as Outcome | undefined;
  await board.owe('requeue', async () => {
    moved = await router.requeueInteraction(scope, move);
  });
  // The log may have told more meanwhile. Refused for another reason than that there is no such queue: it will.
  if (call.state.at !== 'moving' || call.state.ring !== ring) return;
  if (moved?.ok) backInQueue(call);
  else if (!moved || moved.code === 'not_found') notReached(call, ring.agentId);
}

/** It has no queue to go back to: the customer is told so, and nobody is busy with it any more. */
function notReached(call: Call, owner: UserId): void {
  closeForAgent(call, owner);
  call.isOutOfRouting = true;
  if (call.enter({ at: 'diverted', guest: undefined })) sayAndHangUp(call, 'transfer-failed', 'owner not reached');
}

/** The agent says no at the desk; the phone stops ringing. False: nothing rings for that agent. */
export function declined(call: Call, agentId: UserId): boolean {
  const ring =
    ringsOf(call).get(agentId) ?? (call.state.at === 'moving' && call.state.ring.agentId === agentId ? call.state.ring : undefined);
  if (!ring || ring.isAnswered) return false;
  ring.refuse();
  return true;
}

/** It waits again; what rings for it stays. */
export function backInQueue(call: Call): void {
  call.owner = undefined;
  if (call.at !== 'waiting') call.enter({ at: 'waiting', rings: new Map() });
}

function giveUp(call: Call, ring: Ring, cause: string): void {
  ring.stop();
  if (ring.leg) dropLeg(call, ring.leg, cause);
  forget(call, ring);
}

function forget(call: Call, ring: Ring): void {
  const rings = new Map(ringsOf(call));
  if (rings.get(ring.agentId) !== ring) return;
  rings.delete(ring.agentId);
  call.enter({ at: 'waiting', rings });
}

function ringsOf(call: Call): ReadonlyMap<UserId, Ring> {
  return call.state.at === 'waiting' ? call.state.rings : new Map();
}
