/**
 * The SIP text an application sends (WIRE §4): read leniently, since applications write headers in many ways, but nothing of it can reach the wire that
 * would break a message. What the stack decides by itself (Via, Route, Content-Length …) is not taken from an application.
 */
import { isToken, trimmed } from './headerText.ts';
import type { SipHeaders } from './message.ts';
import { headerKey } from './messageHeaders.ts';
import type { Address } from './types.ts';
import { hostText } from './uri.ts';

export type AppStartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string };

export interface AppMessage {
  readonly start: AppStartLine;
  /** The start line as written, for refusals. */
  readonly startLine: string;
  /** By lower-case long name; values as written, without line ends. Those the stack decides are missing. */
  readonly headers: ReadonlyMap<string, { readonly name: string; readonly values: readonly string[] }>;
  readonly body: Buffer;
}

/** What the stack decides, whatever an application says. */
const IGNORED: ReadonlySet<string> = new Set(['via', 'route', 'record-route', 'rseq', 'content-length']);
const LOCALHOST_HEADERS: ReadonlySet<string> = new Set(['from', 'to', 'contact', 'p-asserted-identity']);
const MAX_HEADERS = 200;

/** @returns undefined when there is no start line of SIP */
export function parseAppMessage(text: string): AppMessage | undefined {
  const headEnd = /\r?\n\r?\n/.exec(text);
  const head = headEnd ? text.slice(0, headEnd.index) : text;
  const body = Buffer.from(headEnd ? text.slice(headEnd.index + headEnd[0].length) : '', 'utf8');
  const lines = head.split(/\r?\n(?![ \t])/);
  const startLine = (lines[0] ?? '').replaceAll(/[\r\n]/g, ' ');
  const start = parseStartLine(startLine);
  if (!start) return undefined;
  const headers = new Map<string, { name: string; values: string[] }>();
  for (const line of lines.slice(1, MAX_HEADERS + 1)) {
    const colon = line.indexOf(':');
    const written = trimmed(line, 0, Math.max(colon, 0));
    // Folded lines become one; what still holds a line end cannot be sent.
    const value = trimmed(line.slice(colon + 1).replaceAll(/\r?\n[ \t]+/g, ' '));
    if (!isToken(written) || /[\r\n]/.test(value)) continue;
    const key = headerKey(written);
    if (IGNORED.has(key)) continue;
    const known = headers.get(key);
    if (known) known.values.push(value);
    else headers.set(key, { name: properName(written), values: [value] });
  }
  return { start, startLine, headers, body };
}

function parseStartLine(line: string): AppStartLine | undefined {
  const response = /^SIP\/2\.0 ([1-6]\d\d) ?(.*)$/.exec(line);
  if (response) return { kind: 'response', status: Number(response[1]), reason: response[2] as string };
  const request = /^([A-Za-z]{2,20}) (\S+) SIP\/2\.0$/.exec(line);
  return request ? { kind: 'request', method: (request[1] as string).toUpperCase(), uri: request[2] as string } : undefined;
}

/** `x-my-header` stays as it is, all else gets capital letters at the start and after hyphens. */
function properName(name: string): string {
  if (/^x-/i.test(name)) return name;
  if (/^call-id$/i.test(name)) return 'Call-ID';
  if (/^cseq$/i.test(name)) return 'CSeq';
  return name.replaceAll(/(^|-)([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());
}

/** The first value of a header. */
export function appHeader(message: AppMessage, name: string): string | undefined {
  return message.headers.get(headerKey(name))?.values[0];
}

/** Puts the application's headers into a message, over the stack's defaults, except those named; `localhost` becomes our address. */
export function applyHeaders(message: AppMessage, headers: SipHeaders, local: Address, except: ReadonlySet<string>): void {
  for (const [key, { name, values }] of message.headers) {
    if (except.has(key)) continue;
    headers.remove(name);
    for (const value of values) headers.append(name, withoutLocalhost(key, value, local));
  }
}

/** `@localhost` in From, To, Contact and P-Asserted-Identity means this edge; in From so does a bare `localhost`. */
export function withoutLocalhost(header: string, value: string, local: Address): string {
  const key = headerKey(header);
  if (!LOCALHOST_HEADERS.has(key) || !value.includes('localhost')) return value;
  const here = `${hostText(local.host)}:${local.port}`;
  const replaced = value.replaceAll(/@localhost(?![\w.-])(?::\d+)?/g, `@${here}`);
  return key === 'from' ? replaced.replaceAll(/(sips?:)localhost(?![\w.-])(?::\d+)?/g, `$1${here}`) : replaced;
}

/** The type of the body: as told, `application/sdp` for what looks like it; undefined: it cannot be sent. */
export function bodyType(message: AppMessage): string | undefined {
  return appHeader(message, 'content-type') ?? (message.body.subarray(0, 3).toString('latin1') === 'v=0' ? 'application/sdp' : undefined);
}
