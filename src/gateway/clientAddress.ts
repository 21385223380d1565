/** The address a client is known by, in logs and rate limits. Pure. */
import { isIP } from 'node:net';

/**
 * Without a trusted proxy that is the socket's peer. With one it is the last entry of X-Forwarded-For: the one our own proxy
 * appended, where earlier entries are whatever the client wrote.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined): string {
  const last = forwardedFor?.split(',').at(-1)?.trim() ?? '';
  return isIP(last) ? last : readable(peer);
}

/** uWebSockets.js writes IPv6 in full; an IPv4 address inside it is shown as IPv4. */
function readable(peer: string): string {
  const mapped = /^(?:0000:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/.exec(peer);
  if (mapped)
    return mapped
      .slice(1)
      .map((pair) => Number.parseInt(pair, 16))
      .join('.');
  return peer.includes(':') ? peer.replace(/(^|:)0+(?=[0-9a-f])/g, '$1') : peer;
}

/** Loopback and IPv4 in the form of IPv6, and NAT64 (RFC 6052). */
const ONE_HOST_EACH: ReadonlySet<string> = new Set(['0:0:0:0', '64:ff9b:0:0']);

/**
 * What a limit by address counts. Of IPv6 that is the first 64 bits: a network gives each of its hosts that many addresses to choose from, so one
 * host would have as many limits as it likes.
 */
export function countedAddress(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  const [before = [], after = []] = (ip.split('%', 1)[0] ?? '').split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const left = ip.includes('::') ? Array<string>(8 - before.length - after.length).fill('0') : [];
  const groups = [...before, ...left, ...after].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  const network = groups.join(':');
  return ONE_HOST_EACH.has(network) ? ip : `${network}::/64`;
}

/** Loopback, in every form it takes. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip === '0:0:0:0:0:0:0:1';
}
