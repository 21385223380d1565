/**
 * From bytes to messages (RFC 3261 7 and 25; torture cases of RFC 4475). Strict about what frames a message and what transactions hang on (start line,
 * line ends, Via, From, To, Call-ID, CSeq, Content-Length), tolerant about the rest. One pass, bounded by LIMITS, never throws.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { isToken, parseNumber, trimmed } from './headerText.ts';
import type { SipHeaders, SipMessage, SipRequest, SipResponse } from './message.ts';
import { headerKey, isUsualName, MessageHeaders } from './messageHeaders.ts';
import { isUri, parseNameAddr } from './nameAddr.ts';
import { parseVia } from './via.ts';

export const LIMITS = {
  /** Start line and headers; a folded line counts as one. */
  headBytes: 32 * 1024,
  lineBytes: 8 * 1024,
  lines: 200,
  bodyBytes: 64 * 1024,
} as const;

/** Of a request that cannot be taken: what to answer, when there is enough of it to be answered. A bad response has nobody to tell. */
export interface Bad {
  readonly outcome: 'bad';
  readonly status: number;
  readonly reason: string;
  readonly answerable?: SipRequest;
  /** Bytes of the body that follows on a stream; undefined when nobody can say. */
  readonly body?: number;
}

export type Parsed<Message extends SipMessage = SipMessage> = { readonly outcome: 'message'; readonly message: Message } | Bad;

const EMPTY = Buffer.alloc(0);
const CRLF_CRLF = Buffer.from('\r\n\r\n');
const CSEQ_MAX = 2 ** 31 - 1;

/** Where the head ends: the index after the empty line; undefined when it is not there yet. */
export function headLength(bytes: Buffer, from = 0): number | undefined {
  const at = bytes.indexOf(CRLF_CRLF, from);
  return at < 0 ? undefined : at + 4;
}

/** One datagram: a message with what it says is its body; bytes after that are dropped (RFC 3261 18.3). */
export function parseDatagram(bytes: Buffer): Parsed {
  const length = headLength(bytes);
  if (length === undefined) return bad(400, 'The headers do not end');
  const parsed = parseHead(bytes.subarray(0, length));
  if (parsed.outcome === 'bad') return parsed;
  const { message } = parsed;
  const wanted = contentLength(message.headers);
  const there = bytes.length - length;
  if (wanted === 'bad') return badMessage(message, 400, 'Bad Content-Length');
  if (wanted !== undefined && wanted > there) return badMessage(message, 400, 'The body is shorter than Content-Length');
  const size = wanted ?? there;
  if (size > LIMITS.bodyBytes) return badMessage(message, 513, 'Message Too Large');
  if (size > 0) message.body = bytes.subarray(length, length + size);
  message.size = bytes.length;
  return parsed;
}

/** Bytes of the body. @returns undefined without the header, `bad` when it is no number, or said twice and differently */
export function contentLength(headers: SipHeaders): number | undefined | 'bad' {
  const value = headers.get('content-length');
  if (value === undefined) return undefined;
  const length = parseNumber(value, 0xffff_ffff) ?? 'bad';
  return headers.all('content-length').every((other) => other === value) ? length : 'bad';
}

/** Start line and headers up to and with the empty line. The body is empty, `size` that of the head. */
export function parseHead(bytes: Buffer): Parsed {
  if (bytes.length > LIMITS.headBytes) return bad(513, 'Message Too Large');
  const text = decoded(bytes);
  let at = 0;
  // Keep-alives before the start line (RFC 3261 7.5).
  while (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) at += 2;
  const startEnd = text.indexOf('\r', at);
  const startLine = text.slice(at, startEnd);
  if (startLine === '' || text.charCodeAt(startEnd + 1) !== 10 || startLine.includes('\n')) return bad(400, 'Bad start line');
  const headers = parseHeaders(text, startEnd + 2);
  if (typeof headers === 'string') return bad(400, headers);
  const parsed = startLine.startsWith('SIP/')
    ? parseResponse(startLine, headers, bytes.length)
    : parseRequest(startLine, headers, bytes.length);
  if (parsed.outcome === 'message') return parsed;
  const body = contentLength(headers);
  return body === 'bad' ? parsed : { ...parsed, body: body ?? 0 };
}

/**
 * UTF-8 as the RFC says; what is none is taken as Latin-1, in which old phones write names: readable, though not the same bytes when written again.
 */
function decoded(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) || !isUtf8(bytes) ? 'latin1' : 'utf8');
}

/** @returns why not, in words for the far end */
function parseHeaders(text: string, start: number): MessageHeaders | string {
  const keys: string[] = [];
  const lines: [string, string][] = [];
  for (let at = start; ; ) {
    const end = text.indexOf('\r', at);
    // Every CR is followed by LF and every LF comes after one: a bare one would be a line end to somebody else.
    if (end < 0 || text.charCodeAt(end + 1) !== 10 || text.indexOf('\n', at) !== end + 1) return 'Bad line end';
    if (end === at) return MessageHeaders.ofChecked(keys, lines);
    if (end - at > LIMITS.lineBytes) return 'A line is too long';
    const first = text.charCodeAt(at);
    if (first === 32 || first === 9) {
      const folded = lines.at(-1);
      if (!folded) return 'A continuation without a header';
      const more = trimmed(text, at, end);
      if (folded[1].length + more.length > LIMITS.lineBytes) return 'A line is too long';
      folded[1] = folded[1] === '' ? more : more === '' ? folded[1] : `${folded[1]} ${more}`;
    } else {
      if (lines.length === LIMITS.lines) return 'Too many headers';
      const colon = text.indexOf(':', at);
      if (colon < 0 || colon > end) return 'A line without a colon';
      const name = trimmed(text, at, colon);
      if (!isUsualName(name) && !isToken(name)) return 'Bad header name';
      keys.push(headerKey(name));
      lines.push([name, trimmed(text, colon + 1, end)]);
    }
    at = end + 2;
  }
}

function parseResponse(line: string, headers: MessageHeaders, size: number): Parsed<SipResponse> {
  const status = parseNumber(line.slice(8, 11), 699);
  const isWhole = line.startsWith('SIP/2.0 ') && (line.length === 11 || line.charCodeAt(11) === 32);
  if (!isWhole || status === undefined || status < 100) return bad(400, 'Bad status line');
  const wrong = headersWrong(headers);
  if (wrong) return bad(400, wrong);
  return { outcome: 'message', message: { kind: 'response', status, reason: line.slice(12), headers, body: EMPTY, size } };
}

function parseRequest(line: string, headers: MessageHeaders, size: number): Parsed<SipRequest> {
  const methodEnd = line.indexOf(' ');
  const uriEnd = line.lastIndexOf(' ');
  const method = line.slice(0, Math.max(0, methodEnd));
  const uri = line.slice(methodEnd + 1, uriEnd);
  const version = line.slice(uriEnd + 1);
  const message: SipRequest = { kind: 'request', method, uri, headers, body: EMPTY, size };
  const refuse = (status: number, reason: string): Bad =>
    isAnswerable(headers) ? answerable(message, status, reason) : bad(status, reason);
  if (!isToken(method) || uriEnd <= methodEnd) return refuse(400, 'Bad request line');
  if (version !== 'SIP/2.0') return VERSION.test(version) ? refuse(505, 'Version Not Supported') : refuse(400, 'Bad request line');
  const wrong = headersWrong(headers);
  if (wrong) return refuse(400, wrong);
  if (!isUri(uri)) return refuse(400, 'Bad Request-URI');
  if (cseqOf(headers)?.method !== method) return refuse(400, 'CSeq has another method');
  const hops = headers.get('max-forwards');
  if (hops !== undefined && parseNumber(hops, 255) === undefined) return refuse(400, 'Bad Max-Forwards');
  return { outcome: 'message', message };
}

const VERSION = /^SIP\/\d{1,3}\.\d{1,3}$/i;
const SINGLE = ['from', 'to', 'call-id', 'cseq'] as const;

/** What every message must have, once and readable. @returns why not */
function headersWrong(headers: MessageHeaders): string | undefined {
  for (const name of SINGLE) {
    const count = headers.count(name);
    if (count !== 1) return count === 0 ? `No ${name}` : `More than one ${name}`;
  }
  if (headers.count('max-forwards') > 1) return 'More than one max-forwards';
  const via = headers.get('via');
  if (via === undefined || !parseVia(via)) return 'Bad Via';
  if (!parseNameAddr(headers.get('from') as string)) return 'Bad From';
  if (!parseNameAddr(headers.get('to') as string)) return 'Bad To';
  if (headers.get('call-id') === '') return 'Bad Call-ID';
  return cseqOf(headers) ? undefined : 'Bad CSeq';
}

/** What a far end needs to find its request by. */
function isAnswerable(headers: MessageHeaders): boolean {
  const via = headers.get('via');
  return via !== undefined && parseVia(via) !== undefined && headers.count('cseq') > 0;
}

/** RFC 3261 20.16. @returns undefined when malformed or 2³¹ and more */
export function cseqOf(headers: Pick<MessageHeaders, 'get'>): { readonly number: number; readonly method: string } | undefined {
  const value = headers.get('cseq') ?? '';
  let digits = 0;
  while (digits < value.length && value.charCodeAt(digits) >= 48 && value.charCodeAt(digits) <= 57) digits++;
  // Zeros in front say nothing (RFC 4475 3.1.1.1 writes 0009).
  let first = 0;
  while (first < digits - 1 && value.charCodeAt(first) === 48) first++;
  const number = parseNumber(value.slice(first, digits), CSEQ_MAX);
  const method = trimmed(value, digits);
  const isApart = value.charCodeAt(digits) === 32 || value.charCodeAt(digits) === 9;
  return number === undefined || !isApart || !isToken(method) ? undefined : { number, method };
}

function bad(status: number, reason: string): Bad {
  return { outcome: 'bad', status, reason };
}

function answerable(request: SipRequest, status: number, reason: string): Bad {
  return { outcome: 'bad', status, reason, answerable: request };
}

/** Of a message whose head is right. ACKs are never answered. */
function badMessage(message: SipMessage, status: number, reason: string): Bad {
  return message.kind === 'request' && message.method !== 'ACK' ? answerable(message, status, reason) : bad(status, reason);
}
