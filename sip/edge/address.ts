/**
 * IP addresses as this edge writes them, and which of ours faces a far end. A socket bound to every address does not say by which one it is reached;
 * the interfaces do: the one whose network holds the far end, else the first that is no loopback.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** IPv4 mapped into IPv6 is written as IPv4, so that an address has one form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Of a text known to be an address: checking its form costs a microsecond, and is asked several times a message. */
export function isV6Text(address: string): boolean {
  return address.includes(':');
}

/** The first groups of an IPv6 address, `::` written out. */
export function networkOf(address: string, groups: number): string {
  const [head = '', tail = ''] = (address.split('%')[0] as string).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0;
  return [...before, ...Array<string>(zeros).fill('0'), ...after].slice(0, groups).join(':');
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

const REREAD_MS = 10_000;
const PREFERRED = 64;

interface OwnAddress {
  readonly address: string;
  readonly isV6: boolean;
  readonly isInternal: boolean;
  readonly network: BlockList;
}

let own: readonly OwnAddress[] = [];
let readAt = Number.NEGATIVE_INFINITY;

/** Whether a socket bound to `bound` is reached at `host`, an address. */
export function isReachedAt(bound: string, host: string): boolean {
  return bound === host || (isWildcard(bound) && (isWildcard(host) || ownAddresses().some(({ address }) => address === host)));
}

/** The address of this machine that a far end sees, as far as the interfaces tell (routers may translate it). */
export function localToward(remote: string): string {
  const isV6 = isIPv6(remote);
  const family = ownAddresses().filter((candidate) => candidate.isV6 === isV6);
  const sameNet = family.find(({ network }) => isIP(remote) !== 0 && network.check(remote.split('%')[0] as string, isV6 ? 'ipv6' : 'ipv4'));
  return (sameNet ?? family.find(({ isInternal }) => !isInternal) ?? family[0])?.address ?? (isV6 ? '::1' : '127.0.0.1');
}

function ownAddresses(): readonly OwnAddress[] {
  const now = performance.now();
  if (now - readAt > REREAD_MS) {
    own = readOwn();
    readAt = now;
  }
  return own;
}

function readOwn(): OwnAddress[] {
  const all = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return all.map(({ address, family, internal, cidr }) => {
    const isV6 = family === 'IPv6';
    const network = new BlockList();
    network.addSubnet(address, Number(cidr?.split('/')[1] ?? (isV6 ? PREFERRED : 24)), isV6 ? 'ipv6' : 'ipv4');
    return { address, isV6, isInternal: internal, network };
  });
}
