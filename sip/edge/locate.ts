/**
 * Where a SIP URI leads (RFC 3263, without NAPTR): protocol, host and port, best first. A name that stands there is resolved when it is sent to. `maddr` is
 * not followed. Called by whoever sends a request that does not go by a flow.
 */
import { resolveSrv } from 'node:dns/promises';
import { isIP } from 'node:net';
import { TransportError } from './transportError.ts';
import type { Destination, Protocol } from './types.ts';
import type { SipUri } from './uri.ts';

interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Rejects or gives nothing when there are no such records. */
export type SrvLookup = (name: string) => Promise<readonly SrvRecord[]>;

interface LocateOptions {
  /** Tried in this order when the URI does not say. */
  readonly protocols?: readonly Protocol[];
  readonly srv?: SrvLookup | undefined;
}

const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };
const SERVICES: Partial<Readonly<Record<Protocol, string>>> = { udp: '_sip._udp', tcp: '_sip._tcp', tls: '_sips._tcp' };

/** @throws TransportError unsupported for a transport nobody speaks, dns for a host that is none on purpose (RFC 7118's `.invalid`) */
export async function locate(
  uri: SipUri,
  { protocols = ['udp', 'tcp', 'tls'], srv = resolveSrv }: LocateOptions = {},
): Promise<readonly Destination[]> {
  if (uri.host.endsWith('.invalid')) throw new TransportError('dns', 'the host is reached by its flow only');
  const said = protocolOf(uri);
  const candidates = said ? [said] : protocols;
  const first = candidates[0] as Protocol;
  if (uri.port !== undefined || isIP(uri.host) !== 0) return [{ protocol: first, host: uri.host, port: uri.port ?? DEFAULT_PORTS[first] }];
  for (const protocol of candidates) {
    const service = SERVICES[protocol];
    const records = service === undefined ? [] : await srv(`${service}.${uri.host}`).catch(() => []);
    if (records.length > 0) return inOrder(records).map(({ name, port }) => ({ protocol, host: name, port }));
  }
  return [{ protocol: first, host: uri.host, port: DEFAULT_PORTS[first] }];
}

/** What the URI itself asks for; undefined when it leaves the choice. @throws TransportError unsupported */
function protocolOf(uri: SipUri): Protocol | undefined {
  const transport = uri.params.get('transport')?.toLowerCase();
  switch (transport) {
    case undefined:
      return uri.scheme === 'sips' ? 'tls' : undefined;
    case 'udp':
      if (uri.scheme === 'sips') throw new TransportError('unsupported', 'sips needs TLS');
      return 'udp';
    case 'tcp':
      return uri.scheme === 'sips' ? 'tls' : 'tcp';
    case 'tls':
      return 'tls';
    case 'ws':
      return uri.scheme === 'sips' ? 'wss' : 'ws';
    case 'wss':
      return 'wss';
    default:
      throw new TransportError('unsupported', 'the transport of the URI is not spoken here');
  }
}

/** RFC 2782: lowest priority first; among equals by chance, in proportion to the weight. */
function inOrder(records: readonly SrvRecord[]): SrvRecord[] {
  const left = records.filter(({ name, port }) => name !== '' && name !== '.' && port > 0);
  const draws = new Map(left.map((record) => [record, Math.random() ** (1 / Math.max(record.weight, 0.01))]));
  return left.sort((a, b) => a.priority - b.priority || (draws.get(b) ?? 0) - (draws.get(a) ?? 0));
}
