/** Whom the throttle of the sockets must not hurt: the addresses that trunks call from. Kept by the role, told anew every few seconds. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { parseUri } from './uri.ts';

interface Trunk {
  readonly doc: {
    readonly isActive: boolean;
    readonly sources: readonly string[];
    readonly host: string;
    readonly outboundProxy?: string | undefined;
  };
}

export class TrunkSources {
  #known = new BlockList();

  has(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#known.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /** Addresses and CIDR prefixes; what is neither is left out. */
  learn(trunks: readonly Trunk[]): void {
    const known = new BlockList();
    for (const { doc } of trunks)
      if (doc.isActive) for (const source of [...doc.sources, doc.host, hostOf(doc.outboundProxy)]) add(known, source);
    this.#known = known;
  }
}

function hostOf(proxy: string | undefined): string {
  return (proxy && parseUri(`sip:${proxy}`)?.host) || '';
}

function add(list: BlockList, source: string): void {
  const [address = '', bits] = source.split('/');
  if (isIP(address) === 0) return;
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const length = bits === undefined ? undefined : Number(bits);
  if (length === undefined) list.addAddress(address, family);
  else if (Number.isInteger(length) && length >= 1 && length <= (family === 'ipv6' ? 128 : 32)) list.addSubnet(address, length, family);
}
