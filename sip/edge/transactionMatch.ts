/**
 * Which transaction a message belongs to (RFC 3261 17.1.3, 17.2.3): by the branch where it carries the magic cookie, else by the fields that RFC 2543
 * compared. Parts are joined by LF, which no header value holds.
 */
import type { SipRequest } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { tagOf } from './nameAddr.ts';
import { parseVia } from './via.ts';

const COOKIE = 'z9hG4bK';

/** Key of a server transaction; an ACK has that of its INVITE. @param method CANCEL asks for that of what it cancels */
export function serverKey(request: SipRequest, method = request.method === 'ACK' ? 'INVITE' : request.method): string {
  const { headers } = request;
  const via = parseVia(headers.get('via') ?? '');
  const branch = via?.params.get('branch') ?? '';
  const sentBy = `${via?.host}:${via?.port ?? ''}`;
  // A cookie with nothing after it is no branch (RFC 4475 3.1.2.20).
  if (branch.length > COOKIE.length && branch.startsWith(COOKIE)) return `${branch}\n${sentBy}\n${method}`;
  const from = tagOf(headers.get('from') ?? '') ?? '';
  const parts = [branch, sentBy, request.uri, from, headers.get('call-id'), cseqOf(headers)?.number, method];
  return parts.join('\n');
}

/** Key of a client transaction: the branch is ours, a CANCEL shares it with its INVITE. */
export function clientKey(branch: string, method: string): string {
  return `${branch}\n${method}`;
}

export function createBranch(random: string): string {
  return COOKIE + random;
}
