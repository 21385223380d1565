/**
 * A caller who leaves the queue without an agent: by `*` (VOX-3), or because the queue's recipe says so (RTE-10): to a number, to voicemail, to a callback, or to the end. Routing is
 * done with the call from here on.
 */
import { recipeStep } from '../../queues/config.ts';
import type { Call } from './call.ts';
import { customerGone, guestGone } from './hangUp.ts';
import { invited } from './outward.ts';
import { announcement, type PromptName, prompt } from './sounds.ts';
import { answered } from './talking.ts';

/** `*`: says good-bye and hangs up; the dial plan's exit will stand here. */
export function leaveQueue(call: Call): void {
  const { scope, interaction, contactId, board } = call;
  if (!call.enter({ at: 'diverted', guest: undefined })) return;
  call.isOutOfRouting = true;
  const end = { interactionId: interaction, by: 'client' as const, memberId: contactId, isSupervisor: false };
  void board.owe('end', () => board.engine.router.endInteraction(scope, end));
  sayAndHangUp(call, 'goodbye', 'left the queue');
}

/** The recipe ended the waiting; `step` is its JSON (`interaction.closed.to`). */
export async function followRecipe(call: Call, step: string): Promise<void> {
  call.isOutOfRouting = true;
  if (!call.enter({ at: 'diverted', guest: undefined })) return call.end('diverted');
  const parsed = recipeStep.shape.do.safeParse(JSON.parse(step).do ?? JSON.parse(step));
  const what = parsed.success ? parsed.data : { op: 'close' as const };
  call.board.log.info({ call: call.id, to: what.op }, 'call.diverted');
  switch (what.op) {
    case 'number':
      return toNumber(call, what.number);
    case 'voicemail':
      return sayAndHangUp(call, 'voicemail', 'voicemail');
    case 'callback':
      return sayAndHangUp(call, 'callback', 'callback');
    default:
      return sayAndHangUp(call, 'closed', 'closed');
  }
}

/** Dials a number for the caller, through the gate for outbound calls; who cannot be reached is told so. */
async function toNumber(call: Call, number: string): Promise<void> {
  const result = await invited(call, { number, role: 'guest', by: undefined }, (leg) => call.enter({ at: 'diverted', guest: leg }));
  if (call.isOver) return;
  if (!result || !answered(call, result.leg, result)) {
    call.enter({ at: 'diverted', guest: undefined });
    return sayAndHangUp(call, 'closed', 'number not reached');
  }
  call.react(result.leg, { ...call.board.reactions.other(call, result.leg), ended: (reason) => guestGone(call, reason) });
  call.listen();
}

export function sayAndHangUp(call: Call, name: PromptName, cause: string): void {
  const hangUp = (): void => customerGone(call, cause);
  call.announce(call.customer, announcement([prompt(call.language, name)]), hangUp);
  // A prompt that cannot be played must not leave the caller in silence for ever.
  const limit = call.board.wheel.after(20_000, hangUp);
  call.onEnd(() => limit.cancel());
}
