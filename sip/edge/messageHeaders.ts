/**
 * The header lines of one message. Created by the parser and by whoever makes a message. Names are kept as written, compared without case and with
 * compact forms. Guarantee: no value holds CR or LF, whether it was read or set, so a message cannot be split by what is put into it.
 */
import { isToken, splitList, trimmed } from './headerText.ts';
import type { SipHeaders } from './message.ts';

type Line = readonly [name: string, value: string];

const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** As they are usually written; what is not here is lowered each time, so strangers cannot make the table grow. */
const USUAL = [
  ...['Accept', 'Allow', 'Allow-Events', 'Authorization', 'Call-ID', 'Contact', 'Content-Length', 'Content-Type', 'CSeq', 'Date', 'Event'],
  ...['Expires', 'From', 'Max-Forwards', 'Min-SE', 'P-Asserted-Identity', 'Path', 'Proxy-Authenticate', 'Proxy-Authorization', 'Reason'],
  ...['RAck', 'Record-Route', 'Refer-To', 'Referred-By', 'Require', 'Retry-After', 'Route', 'RSeq', 'Server', 'Session-Expires', 'Subject'],
  ...['Subscription-State', 'Supported', 'Timestamp', 'To', 'User-Agent', 'Via', 'WWW-Authenticate'],
];

const KEYS: ReadonlyMap<string, string> = new Map([
  ...USUAL.flatMap((name): [string, string][] => [
    [name, name.toLowerCase()],
    [name.toLowerCase(), name.toLowerCase()],
  ]),
  ...Object.entries(COMPACT).flatMap(([short, key]): [string, string][] => [
    [short, key],
    [short.toUpperCase(), key],
  ]),
]);

/** One form for all ways of writing a header name: long and lower-case. */
export function headerKey(name: string): string {
  return KEYS.get(name) ?? name.toLowerCase();
}

/** Whether it needs no look at its characters. */
export function isUsualName(name: string): boolean {
  return KEYS.has(name);
}

/** What cannot be put into a message, or cannot be written. */
export class MessageError extends Error {
  override name = 'MessageError';
}

export class MessageHeaders implements SipHeaders {
  readonly #keys: string[];
  readonly #lines: Line[];

  private constructor(keys: string[], lines: Line[]) {
    this.#keys = keys;
    this.#lines = lines;
  }

  /** @throws MessageError when a name is no token or a value holds CR or LF */
  static of(lines: Iterable<Line> = []): MessageHeaders {
    const headers = new MessageHeaders([], []);
    for (const [name, value] of lines) headers.append(name, value);
    return headers;
  }

  /** Of lines that a parser has checked; the arrays are taken over. */
  static ofChecked(keys: string[], lines: Line[]): MessageHeaders {
    return new MessageHeaders(keys, lines);
  }

  get(name: string): string | undefined {
    return this.#lines[this.#keys.indexOf(headerKey(name))]?.[1];
  }

  all(name: string): readonly string[] {
    const key = headerKey(name);
    const values: string[] = [];
    for (let at = this.#keys.indexOf(key); at >= 0; at = this.#keys.indexOf(key, at + 1)) values.push((this.#lines[at] as Line)[1]);
    return values;
  }

  list(name: string): readonly string[] {
    const values = this.all(name);
    return values.length === 1 ? splitList(values[0] as string) : values.flatMap(splitList);
  }

  set(name: string, value: string): void {
    const line = checked(name, value);
    const key = headerKey(name);
    const first = this.#keys.indexOf(key);
    if (first < 0) {
      this.#keys.push(key);
      this.#lines.push(line);
      return;
    }
    this.#lines[first] = line;
    this.#removeAfter(key, first + 1);
  }

  replaceFirst(name: string, value: string): void {
    const first = this.#keys.indexOf(headerKey(name));
    if (first < 0) throw new MessageError(`there is no ${name} to replace`);
    this.#lines[first] = checked(name, value);
  }

  append(name: string, value: string): void {
    this.#lines.push(checked(name, value));
    this.#keys.push(headerKey(name));
  }

  prepend(name: string, value: string): void {
    const line = checked(name, value);
    const key = headerKey(name);
    const at = Math.max(0, this.#keys.indexOf(key));
    this.#lines.splice(at, 0, line);
    this.#keys.splice(at, 0, key);
  }

  remove(name: string): void {
    this.#removeAfter(headerKey(name), 0);
  }

  lines(): Iterable<Line> {
    return this.#lines;
  }

  clone(): MessageHeaders {
    return new MessageHeaders(this.#keys.slice(), this.#lines.slice());
  }

  /** How many lines have that name. */
  count(name: string): number {
    const key = headerKey(name);
    let count = 0;
    for (let at = this.#keys.indexOf(key); at >= 0; at = this.#keys.indexOf(key, at + 1)) count++;
    return count;
  }

  #removeAfter(key: string, from: number): void {
    for (let at = this.#keys.indexOf(key, from); at >= 0; at = this.#keys.indexOf(key, at)) {
      this.#keys.splice(at, 1);
      this.#lines.splice(at, 1);
    }
  }
}

function checked(name: string, value: string): Line {
  if (!isUsualName(name) && !isToken(name)) throw new MessageError('a header name is no token');
  if (value.includes('\n') || value.includes('\r')) throw new MessageError(`the value of ${name} holds a line end`);
  return [name, trimmed(value)];
}
