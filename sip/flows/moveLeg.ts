/** A phone in a call goes on in another call: its dialog stays, its media are made anew beside the others' of that call. */
import type { Call } from './call.ts';
import type { Leg, LegRole } from './leg.ts';

/** The leg in the new call; undefined when its phone did not take the new offer, and then it is where it was. */
export async function reinvite(leg: Leg, from: Call, to: Call, role: Extract<LegRole, 'agent' | 'guest'>): Promise<Leg | undefined> {
  const { dialog } = leg;
  if (!dialog) return undefined;
  const next = await to.openLeg({ role, name: leg.name, userId: leg.userId }, leg.family).catch(() => undefined);
  if (!next) return undefined;
  const answer = await dialog.offer(next.negotiation.offer({ first: to.customer.codec }));
  const agreed = answer.ok ? next.negotiation.accept(answer.sdp) : undefined;
  if (!agreed?.ok || dialog.isOver || to.isOver || leg.isOver) {
    to.closeLeg(next, 'not moved');
    return undefined;
  }
  next.dialog = dialog;
  next.answeredAt = Date.now();
  // What is left in the old call has no dialog to hang up.
  leg.dialog = undefined;
  from.closeLeg(leg, 'moved');
  const { reactions } = to.board;
  to.react(next, role === 'agent' ? reactions.agent(to, next) : reactions.other(to, next));
  to.connect(next, agreed.remote);
  return next;
}
