/**
 * What stands in front of a provider, written from RFC 3261 22 and RFC 8760: challenges a request as proxy (407) and as the far end (401), and checks what it is answered with.
 * It offers what few can do first. Uses nothing of the code it tests.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { SipPhone } from './sipPhone.ts';
import { header, type SipText } from './sipText.ts';

const ASKS = {
  401: ['Unauthorized', 'WWW-Authenticate', 'Authorization'],
  407: ['Proxy Authentication Required', 'Proxy-Authenticate', 'Proxy-Authorization'],
} as const;

/** By nonce that was given out: the `nc` it was shown with last. */
const shown = new Map<string, number>();

/** Challenges until the request carries right credentials for it, with a nonce that none showed before with that `nc` (RFC 7616 3.4); then true. `place`: of one among several. */
export function isKnownTo(
  phone: SipPhone,
  request: SipText,
  status: keyof typeof ASKS,
  { username, password }: { readonly username: string; readonly password: string },
  place = '',
): boolean {
  const [reason, asks, answers] = ASKS[status];
  const realm = `realm ${status}${place}`;
  const said = request.headers.find(([name, value]) => name === answers && value.includes(`realm="${realm}"`))?.[1] ?? '';
  const field = (name: string): string => new RegExp(`[ ,]${name}="?([^",]+)"?`, 'i').exec(said)?.[1] ?? '';
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const [method, uri] = request.start.split(' ');
  const ha1 = sha256(`${username}:${realm}:${password}`);
  const nonce = field('nonce');
  const right = sha256(`${ha1}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${sha256(`${method}:${uri}`)}`);
  const isRight = field('response') === right && field('uri') === uri && field('username') === username;
  const before = shown.get(nonce);
  const count = Number.parseInt(field('nc'), 16);
  if (isRight && before !== undefined && count > before) {
    shown.set(nonce, count);
    return true;
  }
  const given = randomUUID();
  shown.set(given, 0);
  const stale = isRight ? ', stale=true' : '';
  const challenge = (algorithm: string): string =>
    `${asks}: Digest realm="${realm}", nonce="${given}", algorithm=${algorithm}, qop="auth,auth-int"${stale}`;
  phone.respond(request, status, reason, [`To: ${header(request, 'To')}`, challenge('SHA-512-256'), challenge('SHA-256')]);
  return false;
}
