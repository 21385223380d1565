/**
 * The wait in the queue as the caller hears it (VOX-3): music, now and then the position and the estimated wait, and `*` to leave. The announcements of all waiting calls
 * hang on one wheel.
 */
import type { Deadline } from '../app/wheel.ts';
import { LARGEST_NUMBER } from '../rtp/prompts/texts.ts';
import type { Playback } from '../rtp/protocol.ts';
import type { Call } from './call.ts';
import { leaveQueue } from './divert.ts';
import { announcement, isMessagePrompt, number, prompt, spokenMinutes, uploaded } from './sounds.ts';

const FIRST_AFTER_MS = 20_000;
/** Longer waits are not told: an estimate that far off helps nobody. */
const TOLD_MINUTES = 20;
const MINUTE_MS = 60_000;
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
  const { canExit, exitKey } = call.voice;
  const pieces =
    place.position <= LARGEST_NUMBER ? [prompt(language, 'position'), number(language, place.position)] : [prompt(language, 'busy')];
  if (place.estimatedWaitMs !== undefined) pieces.push(...estimate(language, place.estimatedWaitMs));
  if (canExit && exitKey === '*') pieces.push(prompt(language, 'leave'));
  call.announce(call.customer, announcement(pieces));
}

function estimate(language: string, ms: number): Playback['pieces'] {
  const minutes = Math.round(ms / MINUTE_MS);
  if (ms < MINUTE_MS) return [prompt(language, 'soon')];
  return minutes > TOLD_MINUTES ? [] : [prompt(language, 'wait'), ...spokenMinutes(language, minutes)];
}

/** A recipe's message (RTE-10). What is heard just then is cut by it; told twice, it is heard again from its beginning. */
export function tellMessage(call: Call, sound: string): void {
  call.whenAnswered(() => {
    if (call.at !== 'waiting') return;
    const { language, scope } = call;
    call.announce(call.customer, announcement([isMessagePrompt(sound) ? prompt(language, sound) : uploaded(scope.accountId, sound)]));
  });
}

/** A key of the caller. Only in the queue they mean something; to an agent they go through as they are (the media carry them). */
export function callerPressed(call: Call, key: string): void {
  const { canExit, exitKey } = call.voice;
  if (canExit && key === exitKey && (call.at === 'waiting' || call.at === 'moving')) leaveQueue(call);
}
