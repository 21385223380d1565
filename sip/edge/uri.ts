/**
 * SIP and SIPS URIs (RFC 3261 19.1). Other schemes (tel, urn …) are texts to this edge: it can carry them but not send to them.
 */
import { NO_PARAMS, type Params, paramsText, parseNumber, parseParams } from './headerText.ts';

export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As written, escapes kept; with the password if there is one. */
  readonly user: string | undefined;
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
  /** What stands after `?`, as written. */
  readonly headers: string | undefined;
}

/** @returns undefined for another scheme, and for what is malformed */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  // The user part may hold `;`, `?` and `:`; the last `@` before any header part ends it (an `@` among parameters must be escaped).
  const at = text.lastIndexOf('@');
  const user = at < 0 ? undefined : text.slice(colon + 1, at);
  if (user === '') return undefined;
  const start = at < 0 ? colon + 1 : at + 1;
  const question = indexOrEnd(text, '?', start);
  const semicolon = Math.min(indexOrEnd(text, ';', start), question);
  const hostPort = parseHostPort(text.slice(start, semicolon));
  if (!hostPort) return undefined;
  const params = semicolon === question ? NO_PARAMS : parseParams(text, semicolon, question);
  if (!params) return undefined;
  return { scheme, user, ...hostPort, params, headers: question < text.length ? text.slice(question + 1) : undefined };
}

function indexOrEnd(text: string, wanted: string, start: number): number {
  const at = text.indexOf(wanted, start);
  return at < 0 ? text.length : at;
}

/** `host`, `host:port`, `[ipv6]:port`. @returns undefined when malformed */
export function parseHostPort(text: string): { host: string; port: number | undefined } | undefined {
  const close = text.startsWith('[') ? text.indexOf(']') : 0;
  if (close < 0) return undefined;
  const colon = text.indexOf(':', close);
  const host = close > 0 ? text.slice(1, close) : colon < 0 ? text : text.slice(0, colon);
  if (close > 0 && colon !== close + 1 && text.length !== close + 1) return undefined;
  if (close > 0 ? !IPV6.test(host) : !HOST.test(host)) return undefined;
  if (colon < 0) return { host: host.toLowerCase(), port: undefined };
  const port = parseNumber(text.slice(colon + 1), 65_535);
  return port === undefined || port === 0 ? undefined : { host: host.toLowerCase(), port };
}

const HOST = /^[A-Za-z0-9_.-]{1,255}$/;
const IPV6 = /^[0-9A-Fa-f:.]{2,45}$/;

/** With brackets around IPv6. */
export function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

export function uriText(uri: SipUri): string {
  const user = uri.user === undefined ? '' : `${uri.user}@`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${user}${hostText(uri.host)}${port}${paramsText(uri.params)}${headers}`;
}
