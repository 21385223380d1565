/** A SIP message as the test's phones read it: from the RFCs, using nothing of the code that is tested. */
import { randomBytes } from 'node:crypto';

export interface SipText {
  readonly start: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** For tags, branches and Call-IDs: one that nobody else has. */
export const token = (): string => randomBytes(8).toString('hex');

export function header(message: SipText, name: string): string | undefined {
  return message.headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
}

export function statusOf(response: SipText): number {
  return Number(response.start.split(' ')[1]);
}

/** Of a transaction: the same when the request is repeated (RFC 3261 17.2.3). */
export function keyOf(request: SipText): string {
  const branch = /branch=([^;,\s]+)/.exec(header(request, 'Via') ?? '')?.[1] ?? '';
  return `${branch} ${(header(request, 'CSeq') ?? '').split(' ')[1]}`;
}

export function parse(text: string): SipText | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
  });
  return { start, headers, body: text.slice(end + 4) };
}
