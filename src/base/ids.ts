/**
 * Branded ids. Every id is a short prefix, an underscore and 26 characters of Crockford base 32: 48 bits of
 * milliseconds, then 80 random bits, so ids sort by birth and cannot be guessed.
 */
import { randomFillSync } from 'node:crypto';

declare const brand: unique symbol;
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type AccountId = Id<'account'>;
export type UserId = Id<'user'>;
export type QueueId = Id<'queue'>;
export type GroupId = Id<'group'>;
export type InteractionId = Id<'interaction'>;
export type ContactId = Id<'contact'>;
export type CallId = Id<'call'>;
export type LegId = Id<'leg'>;

const PREFIX = {
  account: 'acc',
  user: 'usr',
  queue: 'que',
  group: 'grp',
  interaction: 'int',
  contact: 'con',
  skill: 'skl',
  pauseReason: 'prs',
  session: 'ses',
  apiKey: 'key',
  invitation: 'inv',
  file: 'fil',
  command: 'cmd',
  audit: 'aud',
  token: 'tok',
  connection: 'cnx',
  call: 'cal',
  leg: 'leg',
  phone: 'phn',
  trunk: 'trk',
  number: 'num',
  sound: 'snd',
} as const;
export type IdKind = keyof typeof PREFIX;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** What every id of ours looks like; safe inside a Redis key, a feed name and JSON without escaping. */
export const ID_PATTERN = /^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$/;

/** A new id of the kind. `atMs` is the time it carries (Unix milliseconds). */
export function newId<Kind extends IdKind>(kind: Kind, atMs: number = Date.now()): Id<Kind> {
  let time = '';
  for (let rest = atMs, digit = 0; digit < 10; digit++) {
    time = ALPHABET[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  let chance = '';
  for (const end = poolAt + CHANCE_LENGTH; poolAt < end; poolAt++) chance += ALPHABET[(pool[poolAt] as number) & 31];
  return `${PREFIX[kind]}_${time}${chance}` as Id<Kind>;
}

const CHANCE_LENGTH = 16;
/** Random bytes for many ids: asking the system costs more than all the rest of one. */
const pool = Buffer.alloc(256 * CHANCE_LENGTH);
let poolAt = pool.length;

/** Whether a text is a well-formed id of the kind. */
export function isId<Kind extends IdKind>(kind: Kind, text: unknown): text is Id<Kind> {
  return typeof text === 'string' && text.startsWith(`${PREFIX[kind]}_`) && ID_PATTERN.test(text);
}

/** Unix milliseconds that a well-formed id carries: when it was born. */
export function bornAtMs(id: string): number {
  let ms = 0;
  for (const digit of id.slice(4, 14)) ms = ms * 32 + ALPHABET.indexOf(digit);
  return ms;
}
