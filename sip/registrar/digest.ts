/**
 * Digest access authentication for SIP (RFC 3261 22, RFC 7616, RFC 8760): both sides of it, MD5 and SHA-256, `qop=auth` or none. Pure.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { splitList, trimmed, unquoted } from '../edge/headerText.ts';

export const ALGORITHMS = { MD5: 'md5', 'SHA-256': 'sha256' } as const;
export type Algorithm = keyof typeof ALGORITHMS;

const MOST_CHARS = 2_000;
const MOST_CHALLENGES = 8;
const DIGEST = /^digest[ \t]+/i;

/** What a client answers a challenge with. */
export interface Credentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: Algorithm;
  /** With `qop=auth`; `nc` as written, eight hexadecimal digits. */
  readonly qop: { readonly nc: string; readonly cnonce: string } | undefined;
}

/** @returns undefined for another scheme, what is malformed, and what we never offered (other algorithms, auth-int) */
export function parseCredentials(header: string): Credentials | undefined {
  const params = parseDigest(header);
  const { username, realm, nonce, uri, response, algorithm = 'MD5', qop, nc, cnonce } = params ?? {};
  const known = algorithmOf(algorithm);
  if (!username || realm === undefined || !nonce || !uri || !response || !known || !/^[0-9a-f]{32,64}$/i.test(response)) return undefined;
  const plain = { username, realm, nonce, uri, response, algorithm: known };
  if (qop === undefined) return { ...plain, qop: undefined };
  if (qop.toLowerCase() !== 'auth' || !nc || !/^[0-9a-f]{8}$/i.test(nc) || !cnonce) return undefined;
  return { ...plain, qop: { nc, cnonce } };
}

/** A server's challenge. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  readonly opaque: string | undefined;
  readonly hasQop: boolean;
  readonly isStale: boolean;
}

/** @returns the first that we can meet of those that stand in the header, or in several of that name joined by commas (RFC 8760 2.4) */
export function parseChallenge(header: string): Challenge | undefined {
  for (const text of challengesIn(header)) {
    const challenge = challengeOf(text);
    if (challenge) return challenge;
  }
  return undefined;
}

/** A scheme and its first parameter begin another challenge. */
function challengesIn(header: string): string[] {
  if (header.length > MOST_CHARS * MOST_CHALLENGES) return [];
  const texts: string[] = [];
  for (const part of splitList(header)) {
    const last = texts.length - 1;
    if (last < 0 || /^[A-Za-z0-9-]+[ \t]+[^\s=]+[ \t]*=/.test(part)) texts.push(part);
    else texts[last] += `, ${part}`;
  }
  return texts;
}

function challengeOf(text: string): Challenge | undefined {
  const params = parseDigest(text);
  const algorithm = algorithmOf(params?.['algorithm'] ?? 'MD5');
  const qop = params?.['qop'];
  const isMet = qop === undefined || splitList(qop).some((each) => each.toLowerCase() === 'auth');
  if (!params?.['nonce'] || params['realm'] === undefined || !algorithm || !isMet) return undefined;
  const { realm, nonce, opaque, stale } = params;
  return { realm, nonce, algorithm, opaque, hasQop: qop !== undefined, isStale: stale?.toLowerCase() === 'true' };
}

export function challengeText({ realm, nonce, algorithm, isStale }: Omit<Challenge, 'opaque' | 'hasQop'>): string {
  return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${isStale ? ', stale=true' : ''}`;
}

export function ha1Of(algorithm: Algorithm, username: string, realm: string, password: string): string {
  return hash(algorithm, `${username}:${realm}:${password}`);
}

/** RFC 7616 3.4.1 */
function responseOf(method: string, ha1: string, said: Pick<Credentials, 'nonce' | 'uri' | 'algorithm' | 'qop'>): string {
  const ha2 = hash(said.algorithm, `${method}:${said.uri}`);
  const middle = said.qop ? `${said.nonce}:${said.qop.nc}:${said.qop.cnonce}:auth` : said.nonce;
  return hash(said.algorithm, `${ha1}:${middle}:${ha2}`);
}

/** Whether who answered knew the password. Takes the same time for every answer of one length. */
export function isRight(method: string, credentials: Credentials, ha1: string): boolean {
  const right = Buffer.from(responseOf(method, ha1, credentials));
  const given = Buffer.from(credentials.response.toLowerCase());
  return right.length === given.length && timingSafeEqual(right, given);
}

/** The header that answers a challenge. `count`: which request it is that shows this nonce, from 1. */
export function authorizationText(
  { realm, nonce, algorithm, opaque, hasQop }: Challenge,
  said: { method: string; uri: string; username: string; password: string; cnonce: string; count: number },
): string {
  const { method, uri, username, password, cnonce, count } = said;
  const qop = hasQop ? { nc: count.toString(16).padStart(8, '0'), cnonce } : undefined;
  const response = responseOf(method, ha1Of(algorithm, username, realm, password), { nonce, uri, algorithm, qop });
  const parts = [`username="${escaped(username)}"`, `realm="${escaped(realm)}"`, `nonce="${escaped(nonce)}"`, `uri="${uri}"`];
  parts.push(`response="${response}"`, `algorithm=${algorithm}`);
  if (qop) parts.push('qop=auth', `nc=${qop.nc}`, `cnonce="${cnonce}"`);
  if (opaque !== undefined) parts.push(`opaque="${escaped(opaque)}"`);
  return `Digest ${parts.join(', ')}`;
}

const escaped = (text: string): string => text.replaceAll(/["\\]/g, '\\$&').replaceAll(/[\r\n]/g, '');

function algorithmOf(text: string): Algorithm | undefined {
  const name = text.toUpperCase();
  return name in ALGORITHMS ? (name as Algorithm) : undefined;
}

function hash(algorithm: Algorithm, text: string): string {
  return createHash(ALGORITHMS[algorithm]).update(text).digest('hex');
}

/** `Digest name=value, name="value"…`: names in lower case; a name that stands twice makes it malformed. */
function parseDigest(header: string): Readonly<Record<string, string>> | undefined {
  if (header.length > MOST_CHARS || !DIGEST.test(header)) return undefined;
  const params: Record<string, string> = Object.create(null);
  for (const part of splitList(header.replace(DIGEST, ''))) {
    const equals = part.indexOf('=');
    const name = trimmed(part.slice(0, Math.max(equals, 0))).toLowerCase();
    if (!/^[a-z0-9_-]{1,20}$/.test(name) || name in params) return undefined;
    params[name] = unquoted(trimmed(part.slice(equals + 1)));
  }
  return params;
}
