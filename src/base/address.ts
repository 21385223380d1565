/** What limits by address count: of whoever comes over HTTP, WebSocket or SIP. */
import { isIP } from 'node:net';

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
