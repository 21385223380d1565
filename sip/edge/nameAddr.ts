/**
 * `"Display" <uri>;params` and `uri;params` (RFC 3261 20.10): From, To, Contact, Route, Record-Route, Refer-To and their like.
 */
import { afterQuoted, type Params, parseParams, trimmed, unquoted } from './headerText.ts';

export interface NameAddr {
  /** Without quotes; '' when there is none. */
  readonly display: string;
  /** As written, without `<>`. */
  readonly uri: string;
  /** Of the header, not of the URI. */
  readonly params: Params;
}

/** Reads one value. Tolerates blanks around the URI and an unquoted display name of any words (RFC 4475 3.1.1.6). @returns undefined when malformed */
export function parseNameAddr(text: string): NameAddr | undefined {
  const value = trimmed(text);
  let start = 0;
  if (value.startsWith('"')) {
    start = afterQuoted(value, 0);
    if (start < 0) return undefined;
  }
  const open = value.indexOf('<', start);
  if (open < 0) return start > 0 ? undefined : addrSpec(value);
  // A quotation mark in the middle of words, or between the name and `<`, is unbalanced (RFC 4475 3.1.2.6).
  const beforeOpen = trimmed(value, start, open);
  if (start > 0 ? beforeOpen !== '' : beforeOpen.includes('"')) return undefined;
  const close = value.indexOf('>', open);
  if (close < 0) return undefined;
  const uri = trimmed(value, open + 1, close);
  const params = parseParams(value, close + 1);
  if (!params || !isUri(uri)) return undefined;
  return { display: start > 0 ? unquoted(value.slice(0, start)) : beforeOpen, uri, params };
}

/** Without `<>` everything after the first semicolon belongs to the header (20.10). */
function addrSpec(value: string): NameAddr | undefined {
  const semicolon = value.indexOf(';');
  const uri = trimmed(value, 0, semicolon < 0 ? value.length : semicolon);
  const params = parseParams(value, semicolon < 0 ? value.length : semicolon);
  return params && isUri(uri) ? { display: '', uri, params } : undefined;
}

/** Any scheme: `scheme:something` without blanks, quotes and brackets. */
export function isUri(text: string): boolean {
  return URI.test(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it keeps out.
const URI = /^[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\x00-\x20<>"\x7f]+$/;

/** The `tag` of a From or To value; undefined when there is none, or the value is malformed. */
export function tagOf(value: string): string | undefined {
  // Most values end in `>;tag=…`: nothing else to read.
  const close = value.lastIndexOf('>');
  if (close >= 0 && value.startsWith(';tag=', close + 1) && value.indexOf(';', close + 2) < 0)
    return trimmed(value, close + 6) || undefined;
  return parseNameAddr(value)?.params.get('tag') || undefined;
}
