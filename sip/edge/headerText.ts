/**
 * Reading inside one header value (RFC 3261 25.1): lists, parameters, quoted strings. Pure functions over text; nothing is copied but what is returned.
 * Whatever the text, they end after one pass.
 */

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const SEMICOLON = 59;
const LESS = 60;
const EQUALS = 61;
const GREATER = 62;
const BACKSLASH = 92;

/** Without blanks (SP, HT) at both ends; other white space belongs to the text. */
export function trimmed(text: string, start = 0, end = text.length): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The index after the quoted string that begins at `start` (a quotation mark), or -1 when it does not end before `end`. */
export function afterQuoted(text: string, start: number, end = text.length): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return -1;
}

/** Where the next `wanted` outside quotes and `<>` stands, or `end`. */
function nextOutside(text: string, start: number, end: number, wanted: number): number {
  let isInside = false;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const after = afterQuoted(text, at, end);
      if (after < 0) return end;
      at = after - 1;
    } else if (code === LESS) isInside = true;
    else if (code === GREATER) isInside = false;
    else if (code === wanted && !isInside) return at;
  }
  return end;
}

/** The values of a list header's line; empty ones are left out. */
export function splitList(text: string): string[] {
  if (!text.includes(',')) {
    const only = trimmed(text);
    return only === '' ? [] : [only];
  }
  const values: string[] = [];
  for (let start = 0; start <= text.length; ) {
    const comma = nextOutside(text, start, text.length, COMMA);
    const value = trimmed(text, start, comma);
    if (value !== '') values.push(value);
    start = comma + 1;
  }
  return values;
}

/** Where the first value of a list header's line ends. */
export function firstValueEnd(text: string): number {
  return text.includes(',') ? nextOutside(text, 0, text.length, COMMA) : text.length;
}

/** Parameters by lower-case name; the value as it stands (quotes kept), '' when there is none. The first of a name counts. */
export type Params = ReadonlyMap<string, string>;

export const NO_PARAMS: Params = new Map();

/** Reads `;name=value;name…` from `start`. @returns undefined when something else stands there */
export function parseParams(text: string, start: number, end = text.length): Params | undefined {
  let at = start;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  if (at >= end) return NO_PARAMS;
  const params = new Map<string, string>();
  while (at < end) {
    if (text.charCodeAt(at) !== SEMICOLON) return undefined;
    const next = nextOutside(text, at + 1, end, SEMICOLON);
    let equals = at + 1;
    while (equals < next && text.charCodeAt(equals) !== EQUALS) equals++;
    const name = trimmed(text, at + 1, equals).toLowerCase();
    // One semicolon too many at the end is a common fault; empty ones elsewhere are none of a phone (RFC 4475 3.1.2.1).
    if (name === '' && next < end) return undefined;
    if (name !== '' && !params.has(name)) params.set(name, equals < next ? trimmed(text, equals + 1, next) : '');
    at = next;
  }
  return params;
}

/** `;name=value…` of parameters. */
export function paramsText(params: Params): string {
  let text = '';
  for (const [name, value] of params) text += value === '' ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** The text of a quoted string, or the text itself when it is not quoted. */
export function unquoted(text: string): string {
  if (text.length < 2 || text.charCodeAt(0) !== QUOTE || text.charCodeAt(text.length - 1) !== QUOTE) return text;
  const inner = text.slice(1, -1);
  return inner.includes('\\') ? inner.replace(/\\([\s\S])/g, '$1') : inner;
}

const TOKEN = tokenTable();

function tokenTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (const character of "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.!%*_+`'~") table[character.charCodeAt(0)] = 1;
  return table;
}

/** RFC 3261 25.1 `token`: methods, header names, parameter names. */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127 || TOKEN[code] === 0) return false;
  }
  return text.length > 0;
}

/** A decimal number without sign, at most `max`; undefined for anything else. */
export function parseNumber(text: string, max: number): number | undefined {
  if (text.length === 0 || text.length > 10) return undefined;
  let number = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number <= max ? number : undefined;
}
