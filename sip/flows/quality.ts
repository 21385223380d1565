/** How well each phone of a call is heard (VOX-4), told to the desks that have it open. A signal: what is lost is not told again, and nothing of it is kept. */
import type { PublicSignal } from '../../src/protocol/events.ts';
import type { Quality } from '../rtp/protocol.ts';
import type { Call } from './call.ts';
import type { Leg } from './leg.ts';

export function tellQuality(call: Call, leg: Leg, quality: Quality): void {
  // Out of routing nobody has its conversation open.
  if (!call.owner || call.isOutOfRouting) return;
  const { scope, interaction } = call;
  const told: PublicSignal = { type: 'call.quality', interaction, quality: { legId: leg.id, ...quality } };
  call.board.engine.signals.publish(scope, `conversation:${interaction}`, JSON.stringify(told));
}
