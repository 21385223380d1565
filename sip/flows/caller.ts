/** Who calls: the number and name of an INVITE, and the contact they stand for. */
import { createHash, randomBytes } from 'node:crypto';
import type { AccountId, ContactId } from '../../src/base/ids.ts';
import type { SipMessage } from '../app/srf.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const MAX_NAME = 80;

export interface Caller {
  /** Empty: withheld. */
  readonly number: string;
  readonly name: string;
}

/** P-Asserted-Identity (RFC 3325) counts only from a trunk; anybody can write it. `Privacy: id` withholds the number (RFC 3323). */
export function callerOf(request: SipMessage, isTrusted: boolean): Caller {
  const asserted = isTrusted ? request.get('P-Asserted-Identity') : undefined;
  const header = asserted ?? request.get('From') ?? '';
  const name = /^\s*"((?:[^"\\]|\\.)*)"/.exec(header)?.[1]?.replaceAll(/\\(.)/g, '$1') ?? /^\s*([^"<]*?)\s*</.exec(header)?.[1] ?? '';
  const number = userOf(header);
  const isWithheld = /\bid\b/.test(request.get('Privacy') ?? '') || /^anonymous$/i.test(number);
  return isWithheld ? { number: '', name: '' } : { number: number.slice(0, 64), name: clean(name).slice(0, MAX_NAME) };
}

/** The user part of the first URI in a header or request line, unescaped, as it is dialled: without marks that only help to read it. */
export function userOf(text: string): string {
  const user = /(?:sips?|tel):([^@;>\s?]*)(?=[@;>\s?]|$)/i.exec(text)?.[1] ?? '';
  let plain = user;
  try {
    plain = decodeURIComponent(user);
  } catch {
    // A stray % stands for itself.
  }
  return /^\+?[0-9*#().\- ]+$/.test(plain) ? plain.replaceAll(/[().\- ]/g, '') : clean(plain);
}

function clean(text: string): string {
  return Array.from(text)
    .filter((char) => char >= ' ' && char !== '\u007f')
    .join('')
    .trim();
}

/** The same number of the same account is the same contact, on whichever node it arrives; nobody's number is a new one each time. */
export function contactOf(accountId: AccountId, number: string): ContactId {
  const bytes = number === '' ? randomBytes(26) : createHash('sha256').update(`${accountId}\n${number}`).digest();
  let id = '';
  for (const byte of bytes.subarray(0, 26)) id += ALPHABET[byte & 31];
  return `con_${id}` as ContactId;
}
