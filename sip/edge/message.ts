/**
 * SIP messages (RFC 3261 7, 25): what was received keeps its header lines as they came, in order, so that an application sees the text of the network.
 */

/**
 * Header lines in order. Names are compared without case and with compact forms (RFC 3261 7.3.3); a folded value is joined by one blank.
 * No value holds CR or LF: putting one in, or a name that is no token, throws a MessageError.
 */
export interface SipHeaders {
  /** Value of the first line of that name. */
  get(name: string): string | undefined;
  /** Values of all lines of that name, as they stand (commas not split). */
  all(name: string): readonly string[];
  /** Single values of a list header: Via, Route, Record-Route, Contact, Require …; commas split outside quotes and `<>`. */
  list(name: string): readonly string[];
  /** Replaces all lines of the name by one, at the place of the first, else at the end. */
  set(name: string, value: string): void;
  /** Only the first line of the name, which must be there. */
  replaceFirst(name: string, value: string): void;
  append(name: string, value: string): void;
  /** Before the first line of that name, else before all. */
  prepend(name: string, value: string): void;
  remove(name: string): void;
  lines(): Iterable<readonly [name: string, value: string]>;
  clone(): SipHeaders;
}

export interface SipRequest {
  readonly kind: 'request';
  method: string;
  uri: string;
  headers: SipHeaders;
  body: Buffer;
  /** Bytes on the wire, for one that was received. */
  size: number;
}

export interface SipResponse {
  readonly kind: 'response';
  status: number;
  reason: string;
  headers: SipHeaders;
  body: Buffer;
  size: number;
}

export type SipMessage = SipRequest | SipResponse;
