/** What is played, by name (config/prompts): music, tones of the network, and prompts in the caller's language. */
import { messagePrompts } from '../../queues/config.ts';
import { type AccountId, newId } from '../../src/base/ids.ts';
import type { Playback } from '../rtp/protocol.ts';

type Piece = Playback['pieces'][number];

/** Languages there are prompts for; another one hears English. */
const LANGUAGES: ReadonlySet<string> = new Set(['en', 'it', 'cs', 'ru']);

const MUSIC: Playback = { id: 'music', pieces: [{ kind: 'sound', name: 'music' }], loop: true, isShared: true };

/** The queue's own, or that of the product. */
export function musicOf(accountId: AccountId, sound: string): Playback {
  return sound === '' ? MUSIC : { ...MUSIC, id: sound, pieces: [uploaded(accountId, sound)] };
}

export function uploaded(accountId: AccountId, sound: string): Piece {
  return { kind: 'sound', name: `${accountId}/${sound}` };
}

/** ITU-T E.180: 425 Hz, 1 s on, 4 s off. */
export const RINGING: Playback = {
  id: 'ringing',
  pieces: [
    { kind: 'tone', frequencies: [425], ms: 1_000 },
    { kind: 'silence', ms: 4_000 },
  ],
  loop: true,
  isShared: false,
};

type MessagePrompt = (typeof messagePrompts)[number];
export type PromptName =
  | MessagePrompt
  | 'closed'
  | 'goodbye'
  | 'callback'
  | 'voicemail'
  | 'transfer-failed'
  | 'position'
  | 'wait'
  | 'soon'
  | 'minute'
  | 'minutes-two'
  | 'minutes-few'
  | 'minutes'
  | 'leave';

export const isMessagePrompt = (sound: string): sound is MessagePrompt => (messagePrompts as readonly string[]).includes(sound);

export function prompt(language: string, name: PromptName): Piece {
  return { kind: 'sound', name: `${spokenLanguage(language)}/${name}` };
}

/** 1 to LARGEST_NUMBER. */
export function number(language: string, value: number): Piece {
  return { kind: 'sound', name: `${spokenLanguage(language)}/number-${value}` };
}

/** From 1 on. “One minute” and “two minutes” are whole, for there the number follows the gender of the word (un minuto, dvě minuty, одна минута). */
export function spokenMinutes(language: string, minutes: number): Piece[] {
  if (minutes === 1) return [prompt(language, 'minute')];
  if (minutes === 2) return [prompt(language, 'minutes-two')];
  const isFew = new Intl.PluralRules(spokenLanguage(language)).select(minutes) === 'few';
  return [number(language, minutes), prompt(language, isFew ? 'minutes-few' : 'minutes')];
}

const spokenLanguage = (language: string): string => {
  const known = language.slice(0, 2).toLowerCase();
  return LANGUAGES.has(known) ? known : 'en';
};

export function announcement(pieces: readonly Piece[]): Playback {
  return { id: newId('command'), pieces: [...pieces], loop: false, isShared: false };
}
