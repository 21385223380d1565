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

/** Loopback, in every form it takes. */
export function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip === '0:0:0:0:0:0:0:1';
}
