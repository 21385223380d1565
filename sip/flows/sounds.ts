/** What is played, by name (config/prompts): music, tones of the network, and prompts in the caller's language. */
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

export type PromptName =
  | 'closed'
  | 'no-agents'
  | 'goodbye'
  | 'callback'
  | 'voicemail'
  | 'position'
  | 'wait'
  | 'minutes'
  | 'minute'
  | 'welcome';

export function prompt(language: string, name: PromptName): Piece {
  const known = language.slice(0, 2).toLowerCase();
  return { kind: 'sound', name: `${LANGUAGES.has(known) ? known : 'en'}/${name}` };
}

/** Numbers 1–20 and tens are spoken words of their own. */
export function spokenNumber(language: string, value: number): Piece[] {
  const known = language.slice(0, 2).toLowerCase();
  return [{ kind: 'sound', name: `${LANGUAGES.has(known) ? known : 'en'}/number-${Math.max(1, Math.min(20, Math.round(value)))}` }];
}

export function announcement(pieces: readonly Piece[]): Playback {
  return { id: newId('command'), pieces: [...pieces], loop: false, isShared: false };
}
