/**
 * Hold and resume. From a phone: a new offer with `sendonly`, `inactive` or the address 0.0.0.0 (RFC 3264 8.4). From the desk: we offer the agent's phone nothing
 * new — the caller simply hears music and the agent nothing —, so that it works with every phone alike and costs no message.
 */
import type { OfferAnswer } from '../app/dialog.ts';
import type { Call } from './call.ts';
import type { Leg } from './leg.ts';

const NOT_ACCEPTABLE = 488;

/** A new offer in a standing dialog. Empty: the phone wants ours and answers it in its ACK. */
export function takeOffer(call: Call, leg: Leg, sdp: string): OfferAnswer {
  if (sdp === '') return { ok: true, sdp: leg.negotiation.offer() };
  const agreed = leg.negotiation.answer(sdp);
  if (!agreed.ok) return { ok: false, status: NOT_ACCEPTABLE };
  call.connect(leg, agreed.remote);
  phoneHolds(call, leg, agreed.isHeld);
  return { ok: true, sdp: agreed.sdp };
}

/** The answer to an offer of ours. False: they have nothing in common. */
export function takeAnswer(call: Call, leg: Leg, sdp: string): boolean {
  const agreed = leg.negotiation.accept(sdp);
  if (!agreed.ok) return false;
  call.connect(leg, agreed.remote);
  phoneHolds(call, leg, agreed.isHeld);
  return true;
}

function phoneHolds(call: Call, leg: Leg, isHolding: boolean): void {
  if (leg.isHoldingUs === isHolding) return;
  leg.isHoldingUs = isHolding;
  const { state } = call;
  if (state.at === 'talking' && state.agent === leg && isHolding) call.enter({ at: 'held', agent: leg, by: 'phone' });
  else if (state.at === 'held' && state.agent === leg && state.by === 'phone' && !isHolding) call.enter({ at: 'talking', agent: leg });
  else {
    call.listen();
    call.note();
  }
}

/** By the desk. False: there is nothing to hold. */
export function hold(call: Call): boolean {
  const { state } = call;
  return state.at === 'talking' && call.enter({ at: 'held', agent: state.agent, by: 'desk' });
}

export function resume(call: Call): boolean {
  const { state } = call;
  return state.at === 'held' && state.by === 'desk' && call.enter({ at: 'talking', agent: state.agent });
}
