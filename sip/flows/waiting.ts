/**
 * The wait in the queue as the caller hears it (VOX-3): music, now and then the position and the estimated wait, and `*` to leave. The announcements of all waiting calls
 * hang on one wheel.
 */
import type { Deadline } from '../app/wheel.ts';
import type { Call } from './call.ts';
import { leaveQueue } from './divert.ts';
import { announcement, prompt, spokenNumber } from './sounds.ts';

const FIRST_AFTER_MS = 20_000;
const EVERY_MS = 45_000;
/** Longer waits are not told: an estimate that far off helps nobody. */
const TOLD_MINUTES = 20;

export function startWaiting(call: Call): void {
  let next: Deadline | undefined;
  const turn = (): void => {
    if (call.isOver) return;
    if (call.at === 'waiting') void tellPlace(call);
    next = call.board.wheel.after(EVERY_MS, turn);
  };
  next = call.board.wheel.after(FIRST_AFTER_MS, turn);
  call.onEnd(() => next?.cancel());
}

async function tellPlace(call: Call): Promise<void> {
  const place = await call.board.engine.views.place(call.scope, call.interaction).catch(() => undefined);
  if (!place || call.at !== 'waiting') return;
  const { language } = call;
  const pieces = [prompt(language, 'position'), ...spokenNumber(language, place.position)];
  const minutes = Math.ceil((place.estimatedWaitMs ?? 0) / 60_000);
  if (minutes > 0 && minutes <= TOLD_MINUTES)
    pieces.push(prompt(language, 'wait'), ...spokenNumber(language, minutes), prompt(language, minutes === 1 ? 'minute' : 'minutes'));
  call.announce(call.customer, announcement(pieces));
}

/** A key of the caller. Only in the queue they mean something; to an agent they go through as they are (the media carry them). */
export function callerPressed(call: Call, key: string): void {
  if (key === '*' && (call.at === 'waiting' || call.at === 'moving')) leaveQueue(call);
}
