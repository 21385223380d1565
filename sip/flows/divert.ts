/**
 * A caller who leaves the queue without an agent: by `*` (VOX-3), or because the queue's recipe says so (RTE-10): to a number, to voicemail, to a callback, or to the end. Routing is
 * done with the call from here on.
 */
import { type RecipeStep, recipeStep } from '../../queues/config.ts';
import type { Call } from './call.ts';
import { closeForAgent, customerGone, dropLeg, guestGone } from './hangUp.ts';
import { invited } from './outward.ts';
import { announcement, type PromptName, prompt } from './sounds.ts';
import { answered } from './talking.ts';

/** By the exit key (VOX-2): goes on as the queue says. */
export function leaveQueue(call: Call): void {
  const { scope, interaction, contactId, board } = call;
  const isMoving = call.at === 'moving';
  if (!isOutside(call)) return;
  const end = { interactionId: interaction, by: 'client' as const, memberId: contactId, isSupervisor: false };
  const { owner } = call;
  void board.owe('end', () => board.engine.router.endInteraction(scope, end));
  if (isMoving && owner) closeForAgent(call, owner);
  goOn(call, call.voice.exitTo, 'goodbye');
}

/** The recipe ended the waiting, maybe before the caller was answered; `step` is its JSON (`interaction.closed.to`). */
export function followRecipe(call: Call, step: string): void {
  call.isOutOfRouting = true;
  call.whenAnswered(() => leaveBy(call, step));
}

function leaveBy(call: Call, step: string): void {
  if (!isOutside(call)) return;
  const parsed = recipeStep.shape.do.safeParse(JSON.parse(step));
  goOn(call, parsed.success ? parsed.data : { op: 'close' }, 'closed');
}

/** Nothing rings for it any more, and routing has nothing to do with it. */
function isOutside(call: Call): boolean {
  const { state } = call;
  if (!call.enter({ at: 'diverted', guest: undefined })) return false;
  call.isOutOfRouting = true;
  if (state.at === 'waiting') for (const ring of state.rings.values()) ring.stop();
  if (state.at === 'moving') state.ring.stop();
  for (const leg of call.legs) if (leg.role !== 'customer') dropLeg(call, leg, 'diverted');
  return true;
}

function goOn(call: Call, step: RecipeStep['do'], goodbye: PromptName): void {
  call.board.log.info({ call: call.id, to: step.op }, 'call.diverted');
  switch (step.op) {
    case 'number':
      return void toNumber(call, step.number);
    case 'voicemail':
      return sayAndHangUp(call, 'voicemail', 'voicemail');
    case 'callback':
      return sayAndHangUp(call, 'callback', 'callback');
    default:
      return sayAndHangUp(call, goodbye, goodbye);
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
