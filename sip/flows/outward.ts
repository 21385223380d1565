/** A leg to an outside number, through the one gate for such calls (`app/dialOut.ts`). */
import type { UserId } from '../../src/base/ids.ts';
import type { DialRefusal } from '../app/dialOut.ts';
import type { Dialog } from '../app/dialog.ts';
import type { Call } from './call.ts';
import { dropLeg } from './hangUp.ts';
import type { Leg, LegRole } from './leg.ts';

export interface Outward {
  readonly number: string;
  readonly role: LegRole;
  /** Whose limits count; undefined: the queue's recipe. */
  readonly by: UserId | undefined;
  /** It may not be dialled. */
  readonly refused?: (reason: DialRefusal) => void;
  /** It was dialled, and the other side said so against it. */
  readonly failed?: (status: number) => void;
  /** What it says before it answers. */
  readonly onProgress?: (status: number, sdp: string) => void;
}

/** Resolves when it is answered, undefined when not. `ringing` is told the leg before it rings. */
export async function invited(
  call: Call,
  { number, role, by, refused, failed, onProgress }: Outward,
  ringing: (leg: Leg) => void,
): Promise<{ leg: Leg; dialog: Dialog; sdp: string } | undefined> {
  const { board, scope } = call;
  const asked = { scope, number, by, queueId: call.queueId || undefined };
  const leg = await board.dialOut
    .familyTo(asked)
    .then((family) => call.openLeg({ role, name: number }, family))
    .catch((error: unknown) => {
      board.log.warn({ err: error, call: call.id }, 'leg.unopened');
      return undefined;
    });
  if (!leg) return undefined;
  const sdp = leg.negotiation.offer({ first: call.codec });
  const dialled = await board.dialOut.dial({ ...asked, sdp, callerId: call.shown.user, onProgress });
  if (!dialled.ok || leg.isOver) {
    if (dialled.ok) dialled.outgoing.cancel();
    else refused?.(dialled.reason);
    dropLeg(call, leg, dialled.ok ? 'cancelled' : dialled.reason);
    return undefined;
  }
  leg.onClose(() => dialled.outgoing.cancel());
  ringing(leg);
  const result = await dialled.outgoing.result;
  if (result.kind === 'answered' && !leg.isOver) return { leg, dialog: result.dialog, sdp: result.sdp };
  if (result.kind === 'answered') result.dialog.bye();
  if (result.kind === 'failed') failed?.(result.status);
  dropLeg(call, leg, result.kind === 'failed' ? String(result.status) : 'lost');
  return undefined;
}
