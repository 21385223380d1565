/** Two who talk: an agent's leg joins the caller's. */
import type { UserId } from '../../src/base/ids.ts';
import type { Dialog } from '../app/dialog.ts';
import type { Call } from './call.ts';
import { dropLeg } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { tellMisled } from './moveMedia.ts';

/** The phone took the call: its media are connected as its answer says. False when they do not fit; the leg is over then. */
export function answered(call: Call, leg: Leg, { dialog, sdp }: { readonly dialog: Dialog; readonly sdp: string }): boolean {
  leg.dialog = dialog;
  // An answer without a description means the one that came before it (RFC 3261 13.2.1).
  const isAsBefore = sdp === '' && leg.isReached;
  const agreed = isAsBefore ? undefined : leg.negotiation.accept(sdp);
  if (agreed?.ok === false || leg.isOver) {
    dialog.bye();
    dropLeg(call, leg, 'no common codec');
    return false;
  }
  leg.answeredAt = Date.now();
  if (agreed) call.connect(leg, agreed.remote);
  tellMisled(call, leg);
  return true;
}

/** The agent is the owner and on the phone: both hear each other. */
export function joinAgent(call: Call, leg: Leg, owner: UserId): boolean {
  call.owner = owner;
  call.answeredAt ||= Date.now();
  call.react(leg, call.board.reactions.agent(call, leg));
  return call.enter({ at: 'talking', agent: leg });
}
