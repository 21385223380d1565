/**
 * Who a visitor is, without storing anything: the browser keeps a random token, and the contact id is derived from it and the account.
 * So a token that was made for one account names nobody in another, and it cannot be computed back from the contact id.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { AccountId, ContactId } from '../base/ids.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TOKEN = /^vt_[A-Za-z0-9_-]{43}$/;

/** A new visitor token: 256 random bits. */
export function newVisitorToken(): string {
  return `vt_${randomBytes(32).toString('base64url')}`;
}

export function isVisitorToken(text: string): boolean {
  return TOKEN.test(text);
}

/** The contact a token names within the account: 130 bits of an HMAC in the form of our ids. */
export function contactOfToken(accountId: AccountId, token: string): ContactId {
  return contactIdOf(createHmac('sha256', accountId).update(token).digest());
}

/** 26 bytes or more of a keyed hash as a contact id. */
export function contactIdOf(hash: Buffer): ContactId {
  let id = 'con_';
  for (const byte of hash.subarray(0, 26)) id += ALPHABET[byte & 31];
  return id as ContactId;
}

/** `Authorization: Visitor <token>.<public id of the group>`: how the widget calls the REST API. undefined: another scheme, or malformed. */
export function readVisitorAuthorization(header: string): { token: string; group: string } | undefined {
  const match = /^Visitor (vt_[A-Za-z0-9_-]{43})\.([\w-]{1,64})$/.exec(header);
  return match ? { token: match[1] as string, group: match[2] as string } : undefined;
}
