/**
 * Where a SIP URI leads (RFC 3263 4): protocol, host and port, best first: NAPTR and SRV records, then every address of each host. Names of TLS stay names, for their
 * certificates; whoever connects tries their addresses. `maddr` is not followed. Called by whoever sends a request that does not go by a flow.
 */
import { isIP } from 'node:net';
import type { Names, SrvRecord } from './names.ts';
import { TransportError } from './transportError.ts';
import type { Destination, Protocol } from './types.ts';
import type { SipUri } from './uri.ts';

/** Tried in this order when neither the URI nor NAPTR says. */
const PROTOCOLS: readonly Protocol[] = ['udp', 'tcp', 'tls'];
/** RFC 3263 4.1. */
const NAPTR_SERVICES: Readonly<Record<string, Protocol>> = { 'SIP+D2U': 'udp', 'SIP+D2T': 'tcp', 'SIPS+D2T': 'tls' };
const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };
const SERVICES: Partial<Readonly<Record<Protocol, string>>> = { udp: '_sip._udp', tcp: '_sip._tcp', tls: '_sips._tcp' };

/** @throws TransportError unsupported for a transport nobody speaks, dns for a host that is none on purpose (RFC 7118's `.invalid`) */
export async function locate(uri: SipUri, names: Names): Promise<readonly Destination[]> {
  if (uri.host.endsWith('.invalid')) throw new TransportError('dns', 'the host is reached by its flow only');
  const found = await serversOf(uri, names);
  return (await Promise.all(found.map((server) => addressesOf(server, names)))).flat();
}

async function serversOf(uri: SipUri, names: Names): Promise<readonly Destination[]> {
  const said = protocolOf(uri);
  const plain = (protocol: Protocol): Destination => ({ protocol, host: uri.host, port: uri.port ?? DEFAULT_PORTS[protocol] });
  const first = said ?? 'udp';
  if (uri.port !== undefined || isIP(uri.host) !== 0) return [plain(first)];
  // With a transport said, its SRV records are asked for at once (4.2); NAPTR is for who leaves the choice (4.1).
  const services = said ? [] : await servicesOf(uri.host, names);
  if (services.length === 0)
    for (const protocol of said ? [said] : PROTOCOLS) {
      const service = SERVICES[protocol];
      if (service) services.push({ protocol, name: `${service}.${uri.host}` });
    }
  const found: Destination[] = [];
  for (const { protocol, name } of services) {
    for (const server of inOrder(await names.srv(name))) found.push({ protocol, host: server.name, port: server.port });
    // The next service is for those who cannot speak this one.
    if (found.length > 0) return found;
  }
  return [plain(first)];
}

/** By order, then by preference; those we do not speak are left out. */
async function servicesOf(host: string, names: Names): Promise<{ protocol: Protocol; name: string }[]> {
  const records = [...(await names.naptr(host))].sort((a, b) => a.order - b.order || a.preference - b.preference);
  return records.flatMap(({ flags, service, replacement }) => {
    const protocol = NAPTR_SERVICES[service.toUpperCase()];
    return protocol && flags.toLowerCase() === 's' ? [{ protocol, name: replacement }] : [];
  });
}

async function addressesOf(server: Destination, names: Names): Promise<readonly Destination[]> {
  if (isIP(server.host) !== 0 || server.protocol === 'tls' || server.protocol === 'wss') return [server];
  const addresses = await names.addresses(server.host);
  return addresses.length === 0 ? [server] : addresses.map((host) => ({ ...server, host }));
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
