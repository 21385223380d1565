/**
 * The media of a call were lost: their process died, or stands still. Its phones are there, and hear of new ends in another process, or in that one when it is back, by a re-INVITE each
 * (RFC 3264 8.3.1); then the talk, or the music, goes on. A phone that rings meanwhile hears of it when it has answered. Who does not follow is hung up; so is everybody
 * where no process is there in time. Begun by the application (`Media`), and by recovery.
 */
import type { Call } from './call.ts';
import { customerGone } from './hangUp.ts';
import { takeAnswer } from './hold.ts';
import type { Leg } from './leg.ts';

/** Another process is there at once; the only one has to be started again. */
const WITHIN_MS = 7_000;
const AGAIN_MS = 200;
/** Q.850 41: temporary failure. */
const CAUSE = 'Q.850;cause=41;text="Media lost"';

export async function moveMedia(call: Call): Promise<void> {
  if (call.isOver || call.movingMedia) return;
  // Nobody is on the phone yet who could be told.
  if (!call.hasCustomer || !call.customer.isConnected) return customerGone(call, 'media lost');
  const from = call.media;
  call.movingMedia = reopened(call);
  const isMoved = await call.movingMedia;
  call.movingMedia = undefined;
  if (!isMoved) return customerGone(call, 'media lost');
  call.board.log.info({ call: call.id, from, to: call.media }, 'call.media.moved');
  call.save();
  await Promise.all(call.legs.map((leg) => (leg.isConnected ? offerAgain(call, leg) : undefined)));
}

async function reopened(call: Call): Promise<boolean> {
  const { media, wheel, log } = call.board;
  for (const until = performance.now() + WITHIN_MS; !call.isOver; ) {
    try {
      await call.reopenAt(media.choose());
      return true;
    } catch (error) {
      log.debug({ err: error, call: call.id }, 'call.media.unmoved');
      if (performance.now() > until) break;
      await new Promise<void>((resolve) => void wheel.after(AGAIN_MS, resolve));
    }
  }
  return false;
}

/** A phone that rang while its media were lost is connected now. While they are being made anew it is told with the others. */
export function tellMisled(call: Call, leg: Leg): void {
  if (leg.isMisled && !call.movingMedia) void offerAgain(call, leg);
}

/** Tells the phone where its media are now. */
async function offerAgain(call: Call, leg: Leg): Promise<void> {
  leg.isMisled = false;
  const { dialog, negotiation, isHoldingUs } = leg;
  // A hold of its phone stands.
  const answer = await dialog?.offer(negotiation.offer({ direction: isHoldingUs ? 'recvonly' : 'sendrecv' }));
  if (call.isOver || leg.isOver) return;
  if (!answer?.ok || !takeAnswer(call, leg, answer.sdp)) dialog?.cut('media lost', CAUSE);
}
