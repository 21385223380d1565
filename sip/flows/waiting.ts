/**
 * The wait in the queue as the caller hears it (VOX-3): music, now and then the position and the estimated wait, and `*` to leave. The announcements of all waiting calls
 * hang on one wheel.
 */
import type { Deadline } from '../app/wheel.ts';
import type { Call } from './call.ts';
import { leaveQueue } from './divert.ts';
import { announcement, prompt, spokenNumber, uploaded } from './sounds.ts';

/** Longer waits are not told: an estimate that far off helps nobody. */
const FIRST_AFTER_MS = 20_000;
const TOLD_MINUTES = 20;
const NEVER_MS = 60_000;

export function startWaiting(call: Call): void {
  const { greeting, announceEverySec } = call.voice;
  if (greeting !== '' && call.at === 'waiting') call.announce(call.customer, announcement([uploaded(call.scope.accountId, greeting)]));
  let next: Deadline | undefined;
  const everyMs = (): number => call.voice.announceEverySec * 1_000 || NEVER_MS;
  const turn = (): void => {
    if (call.at === 'waiting' && call.voice.announceEverySec > 0) void tellPlace(call);
    next = call.board.wheel.after(everyMs(), turn);
  };
  next = call.board.wheel.after(announceEverySec === 0 ? NEVER_MS : Math.min(FIRST_AFTER_MS, everyMs()), turn);
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
  const { canExit, exitKey } = call.voice;
  if (canExit && key === exitKey && (call.at === 'waiting' || call.at === 'moving')) leaveQueue(call);
}
