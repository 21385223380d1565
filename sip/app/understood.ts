/**
 * What a request may name, insist on and carry (RFC 3261 8.2.1 to 8.2.3), before anything is done with it: schemes, methods, extensions, bodies. Pure; a refusal is a status with the headers
 * that say what would be understood. REGISTER has extensions of its own.
 */
import type { IncomingRequest } from './srf.ts';

/** RFC 3261 20.5. */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, REFER, UPDATE, PRACK';
export const ACCEPT = 'application/sdp';

/** What servers and flows do of extensions that a request can insist on. */
const EXTENSIONS: ReadonlySet<string> = new Set(['100rel', 'timer']);
/** A BYE ends its call at the server, whatever is said of it. */
const NEVER_REFUSED: ReadonlySet<string> = new Set(['ACK', 'BYE', 'REGISTER']);
/** Their bodies are session descriptions; those of others are read by their own rules, or not at all. */
const DESCRIBED: ReadonlySet<string> = new Set(['INVITE', 'UPDATE']);
const SCHEME = /^(sips?|tel):/i;
const TYPES = /^(application\/sdp|multipart\/[a-z]+)\s*(;|$)/i;

export interface NotUnderstood {
  readonly status: 415 | 416 | 420;
  readonly headers: Readonly<Record<string, string>>;
}

export function notUnderstood(request: Pick<IncomingRequest, 'method' | 'uri' | 'body' | 'get'>): NotUnderstood | undefined {
  const { method, uri, body } = request;
  if (method !== 'ACK' && !SCHEME.test(uri)) return { status: 416, headers: {} };
  const required = NEVER_REFUSED.has(method) ? '' : (request.get('Require') ?? '');
  const unknown = required
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '' && !EXTENSIONS.has(option.toLowerCase()));
  if (unknown.length > 0) return { status: 420, headers: { Unsupported: unknown.join(', ') } };
  if (!DESCRIBED.has(method) || body === '') return undefined;
  const encoding = request.get('Content-Encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return { status: 415, headers: { 'Accept-Encoding': 'identity' } };
  const type = request.get('Content-Type')?.trim() ?? ACCEPT;
  return TYPES.test(type) ? undefined : { status: 415, headers: { Accept: ACCEPT } };
}
