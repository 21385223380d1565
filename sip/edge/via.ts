/**
 * Via (RFC 3261 20.42, RFC 3581): where a message came from and where its response goes.
 */
import { isIP } from 'node:net';
import { firstValueEnd, type Params, parseParams, trimmed } from './headerText.ts';
import type { SipHeaders } from './message.ts';
import type { Address } from './types.ts';
import { parseHostPort } from './uri.ts';

export interface Via {
  /** As written, upper-case: UDP, TCP, TLS, WS, WSS, or a stranger. */
  readonly transport: string;
  /** The sent-by. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
}

/** Each layer asks for the topmost Via of the message at hand; it is read once. */
let last: { readonly line: string; readonly via: Via | undefined } = { line: '', via: undefined };

/** Of the first value of a Via line. @returns undefined when malformed */
export function parseVia(line: string): Via | undefined {
  if (last.line !== line) last = { line, via: readVia(line) };
  return last.via;
}

function readVia(line: string): Via | undefined {
  const end = firstValueEnd(line);
  const semicolon = line.indexOf(';');
  const headEnd = semicolon < 0 || semicolon > end ? end : semicolon;
  const head = trimmed(line, 0, headEnd);
  const params = parseParams(line, headEnd, end);
  if (!params) return undefined;
  if (head.startsWith('SIP/2.0/')) {
    const blank = head.indexOf(' ');
    if (blank > 8 && head.charCodeAt(blank - 1) !== 47) return withSentBy(head.slice(8, blank), trimmed(head, blank), params);
  }
  // Blanks may stand around every slash and around the colon (RFC 4475 3.1.1.1).
  const parts = SPACED.exec(head);
  return parts ? withSentBy(parts[1] as string, (parts[2] as string).replace(/[ \t]+/g, ''), params) : undefined;
}

/** Any version: a request of another one is answered 505 along it. */
const SPACED = /^SIP[ \t]*\/[ \t]*\d{1,3}\.\d{1,3}[ \t]*\/[ \t]*([A-Za-z0-9.!%*_+`'~-]+)[ \t]+(\S.*)$/is;

function withSentBy(transport: string, sentBy: string, params: Params): Via | undefined {
  const hostPort = parseHostPort(sentBy) ?? (sentBy.includes(' ') ? parseHostPort(sentBy.replace(/[ \t]+/g, '')) : undefined);
  return hostPort && { transport: transport.toUpperCase(), ...hostPort, params };
}

/**
 * Notes in the topmost Via where a request came from: `received` when it differs from the sent-by or a `rport` asks, and the value of `rport`
 * (RFC 3261 18.2.1, RFC 3581 4). What else stands in the line stays as it was. Values that the sender wrote himself are replaced.
 */
export function noteSource(headers: SipHeaders, via: Via, source: Address): void {
  const hasRport = via.params.has('rport');
  const line = headers.get('via');
  if (line === undefined || (!hasRport && !via.params.has('received') && via.host === source.host)) return;
  const end = firstValueEnd(line);
  const semicolon = line.indexOf(';');
  let first = trimmed(line, 0, semicolon < 0 || semicolon > end ? end : semicolon);
  for (const [name, value] of via.params) {
    if (name === 'received' || name === 'rport') continue;
    first += value === '' ? `;${name}` : `;${name}=${value}`;
  }
  if (hasRport) first += `;rport=${source.port}`;
  first += `;received=${source.host}`;
  headers.replaceFirst('Via', first + line.slice(end));
}

/**
 * The port at the source address that takes the response: where the request came from when `rport` asks or the sent-by is another address (behind a
 * router that translates, its own port is of no use), else that of the sent-by (RFC 3261 18.2.2). `maddr` is not followed: it would let anybody aim our answers.
 */
export function responsePort(via: Via, source: Address): number {
  if (via.params.has('rport') || (isIP(via.host) !== 0 && via.host !== source.host)) return source.port;
  return via.port ?? 5060;
}
