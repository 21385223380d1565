/**
 * From messages to bytes, and the making of messages. What is written is one message, whatever the fields hold: the start line is checked here, header
 * values when they are set, and Content-Length is always that of the body.
 */
import type { SipHeaders, SipMessage, SipRequest, SipResponse } from './message.ts';
import { headerKey, MessageError, MessageHeaders } from './messageHeaders.ts';

type Line = readonly [name: string, value: string];

const EMPTY = Buffer.alloc(0);

/** @throws MessageError when the start line holds what would end it */
export function writeMessage(message: SipMessage): Buffer {
  const head = headText(message);
  const { body } = message;
  if (body.length === 0) return Buffer.from(head);
  const size = Buffer.byteLength(head);
  const bytes = Buffer.allocUnsafe(size + body.length);
  bytes.write(head);
  body.copy(bytes, size);
  return bytes;
}

function headText(message: SipMessage): string {
  let text = `${startLine(message)}\r\n`;
  let hasLength = false;
  for (const line of message.headers.lines()) {
    if (headerKey(line[0]) !== 'content-length') text += `${line[0]}: ${line[1]}\r\n`;
    else if (!hasLength) {
      hasLength = true;
      text += `${line[0]}: ${message.body.length}\r\n`;
    }
  }
  return hasLength ? `${text}\r\n` : `${text}Content-Length: ${message.body.length}\r\n\r\n`;
}

function startLine(message: SipMessage): string {
  if (message.kind === 'request') {
    if (BLANK.test(message.method) || BLANK.test(message.uri) || message.uri === '') throw new MessageError('bad request line');
    return `${message.method} ${message.uri} SIP/2.0`;
  }
  if (!Number.isInteger(message.status) || message.status < 100 || message.status > 699) throw new MessageError('bad status');
  if (message.reason.includes('\r') || message.reason.includes('\n')) throw new MessageError('bad reason');
  return `SIP/2.0 ${message.status} ${message.reason}`;
}

const BLANK = /[ \t\r\n]/;

/** @throws MessageError for a name that is no token or a value with a line end */
export function createRequest(method: string, uri: string, lines: Iterable<Line> = [], body: Buffer = EMPTY): SipRequest {
  return { kind: 'request', method, uri, headers: MessageHeaders.of(lines), body, size: 0 };
}

/**
 * A response with what must be copied from the request (RFC 3261 8.2.6): Via, From, To, Call-ID, CSeq, and Timestamp into a 100.
 * @param toTag put on To when the request has none there and the response is no 100
 */
export function createResponse(request: SipRequest, status: number, options: { reason?: string; toTag?: string } = {}): SipResponse {
  const headers = MessageHeaders.of();
  for (const [name, value] of request.headers.lines()) {
    const key = headerKey(name);
    if (key === 'to') headers.append(name, options.toTag && status > 100 && !hasTag(value) ? `${value};tag=${options.toTag}` : value);
    else if (COPIED.has(key) || (status === 100 && key === 'timestamp')) headers.append(name, value);
  }
  return { kind: 'response', status, reason: options.reason ?? reasonOf(status), headers, body: EMPTY, size: 0 };
}

const COPIED: ReadonlySet<string> = new Set(['via', 'from', 'call-id', 'cseq']);

function hasTag(to: string): boolean {
  return /;[ \t]*tag[ \t]*=/i.test(to.slice(to.lastIndexOf('>') + 1));
}

/** The same message with headers of its own. */
export function cloneRequest(request: SipRequest): SipRequest {
  return { ...request, headers: request.headers.clone() };
}

export function createHeaders(lines: Iterable<Line> = []): SipHeaders {
  return MessageHeaders.of(lines);
}

/** RFC 3261 21 and the RFCs that added to it; '' for one that nobody named. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? '';
}

const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  181: 'Call Is Being Forwarded',
  182: 'Queued',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  204: 'No Notification',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  305: 'Use Proxy',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  410: 'Gone',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  421: 'Extension Required',
  422: 'Session Interval Too Small',
  423: 'Interval Too Brief',
  430: 'Flow Failed',
  439: 'First Hop Lacks Outbound Support',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  484: 'Address Incomplete',
  485: 'Ambiguous',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  489: 'Bad Event',
  491: 'Request Pending',
  493: 'Undecipherable',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  505: 'Version Not Supported',
  513: 'Message Too Large',
  580: 'Precondition Failure',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
  606: 'Not Acceptable',
};
