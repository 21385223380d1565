/**
 * Where a URI says a request goes (RFC 3261 8.1.2): protocol, host, port. `targetsOf` asks DNS as well; of what stands in a dialog names are resolved below, when a flow
 * is made.
 */
import { isIP } from 'node:net';
import { locate } from './locate.ts';
import { parseNameAddr } from './nameAddr.ts';
import type { Names } from './names.ts';
import type { Address, Destination, Flow, Protocol } from './types.ts';
import { hostText, parseUri, type SipUri } from './uri.ts';

const DEFAULT_PORT: Readonly<Record<Protocol, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };

function isProtocol(text: string): text is Protocol {
  return text in DEFAULT_PORT;
}

/** @returns undefined for a URI this edge cannot send to (another scheme, an unknown transport) */
export function destinationOf(text: string): Destination | undefined {
  const uri = parseUri(text);
  return uri && destinationOfUri(uri);
}

export function destinationOfUri(uri: SipUri): Destination | undefined {
  const wished = uri.params.get('transport')?.toLowerCase() ?? (uri.scheme === 'sips' ? 'tls' : 'udp');
  const protocol = uri.scheme === 'sips' && wished === 'tcp' ? 'tls' : wished;
  if (!isProtocol(protocol)) return undefined;
  const maddr = uri.params.get('maddr');
  return { protocol, host: maddr || uri.host, port: uri.port ?? DEFAULT_PORT[protocol] };
}

/** It leaves no choice of the transport. */
export function namesTransport(text: string): boolean {
  const uri = parseUri(text);
  return uri?.scheme === 'sips' || uri?.params.has('transport') === true;
}

/** Where a new request may go, best first (RFC 3263 4). @throws TransportError dns, unsupported */
export async function targetsOf(
  text: string,
  redirect: (destination: Destination) => Destination,
  names: Names,
): Promise<readonly Destination[]> {
  const uri = parseUri(text);
  const plain = uri && destinationOfUri(uri);
  if (!uri || !plain) return [];
  const redirected = redirect(plain);
  const isPlain = isIP(plain.host) !== 0 || uri.params.has('maddr') || redirected.host !== plain.host;
  return isPlain ? [redirected] : locate(uri, names);
}

/** A next hop as applications write it, URI, `<uri>` or `host[:port]`, as a URI. Without `<>` parameters are the URI's: there is no header here. */
export function routeUri(text: string): string {
  const uri = text.includes('<') ? (parseNameAddr(text)?.uri ?? text) : text.trim();
  return /^sips?:/i.test(uri) ? uri : `sip:${uri}`;
}

export function destinationOfFlow(flow: Flow): Destination {
  return { protocol: flow.protocol, host: flow.remote.host, port: flow.remote.port, flow: flow.id };
}

/** `<sip:host:port;transport=x>`: how requests reach us on this flow's socket. */
export function contactFor(flow: Pick<Flow, 'protocol' | 'advertised'>, user = ''): string {
  const { protocol, advertised } = flow;
  const transport = protocol === 'udp' ? '' : `;transport=${protocol === 'wss' ? 'ws' : protocol}`;
  const at = user === '' ? '' : `${user}@`;
  return `<sip:${at}${hostPort(advertised)}${transport}>`;
}

export function hostPort({ host, port }: Address): string {
  return `${hostText(host)}:${port}`;
}

/** `sip:x@y;transport=tcp` as a party means the URI with its parameters, not a header's parameter. */
export function asNameAddr(value: string): string {
  return /^\s*sips?:/i.test(value) && !/;\s*tag=/i.test(value) ? `<${value.trim()}>` : value;
}

/** A Contact of the application that leads here says by which transport. */
export function ownContact(value: string, { protocol, advertised }: Pick<Flow, 'protocol' | 'advertised'>): string {
  const parsed = parseNameAddr(value);
  if (!parsed || protocol === 'udp' || !parsed.uri.includes(`@${hostPort(advertised)}`) || /;transport=/i.test(parsed.uri))
    return asNameAddr(value);
  return value
    .replace(parsed.uri, `${parsed.uri};transport=${protocol === 'wss' ? 'ws' : protocol}`)
    .replace(/^(\s*)(sips?:[^<>]*)$/i, '$1<$2>');
}
