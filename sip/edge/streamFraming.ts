/**
 * Cuts a byte stream into SIP messages (RFC 3261 18.3) and answers keep-alives (RFC 5626 4.4.1). One per connection. Holds at most one message that is
 * not whole yet; what breaks the framing ends the connection, because nobody knows any more where a message begins.
 */
import { contentLength, headLength, LIMITS, type Parsed, parseHead } from './messageParse.ts';

export interface FrameSink {
  onParsed(parsed: Parsed): void;
  /** Two line ends: the far end wants one back. */
  onPing(): void;
}

/** Bytes of head and body of a message whose head was read. */
interface Waiting {
  readonly parsed: Parsed;
  readonly head: number;
  readonly body: number;
}

const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);

export class StreamFraming {
  readonly #sink: FrameSink;
  /** The begin of a message; grows by doubling, so that many small segments do not copy it each time. */
  #held: Buffer = NOTHING;
  #heldLength = 0;
  /** Up to where the end of the head was looked for. */
  #searched = 0;
  /** A head that is parsed and waits for its body. */
  #waiting: Waiting | undefined;
  #lineEnds = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether the begin of a message is held. */
  get isPartial(): boolean {
    return this.#heldLength > 0;
  }

  /** @returns false when the stream cannot be read any further */
  push(chunk: Buffer): boolean {
    const bytes = this.#heldLength === 0 ? chunk : this.#hold(chunk);
    let at = 0;
    while (at < bytes.length) {
      if (!this.#waiting) {
        at = this.#skipLineEnds(bytes, at);
        if (at < 0) return false;
        if (at === bytes.length || (bytes[at] === CR && at + 1 === bytes.length)) break;
      }
      const next = this.#take(bytes, at);
      if (next === 'broken') return false;
      if (next === 'more') break;
      at = next;
    }
    this.#keep(bytes, at);
    return true;
  }

  /** One message that begins at `at`. @returns where the next one begins */
  #take(bytes: Buffer, at: number): number | 'more' | 'broken' {
    const waiting = this.#waiting ?? this.#head(bytes, at);
    if (typeof waiting === 'string') return waiting;
    const bodyAt = at + waiting.head;
    if (bytes.length < bodyAt + waiting.body) {
      this.#waiting = waiting;
      return 'more';
    }
    if (waiting.parsed.outcome === 'message') {
      const { message } = waiting.parsed;
      // Its own bytes: those of the connection are used again.
      if (waiting.body > 0) message.body = Buffer.from(bytes.subarray(bodyAt, bodyAt + waiting.body));
      message.size = waiting.head + waiting.body;
    }
    this.#waiting = undefined;
    this.#searched = 0;
    this.#sink.onParsed(waiting.parsed);
    return bodyAt + waiting.body;
  }

  #head(bytes: Buffer, at: number): Waiting | 'more' | 'broken' {
    const end = headLength(bytes, Math.max(at, this.#searched - 3));
    if (end === undefined) {
      if (bytes.length - at > LIMITS.headBytes) return 'broken';
      this.#searched = bytes.length;
      return 'more';
    }
    const parsed = parseHead(bytes.subarray(at, end));
    const body = parsed.outcome === 'bad' ? (parsed.body ?? 'bad') : contentLength(parsed.message.headers);
    if (body !== 'bad' && (body ?? 0) <= LIMITS.bodyBytes) return { parsed, head: end - at, body: body ?? 0 };
    // Where the next message begins nobody can say.
    if (parsed.outcome === 'bad') {
      this.#sink.onParsed(parsed);
      return 'broken';
    }
    const { message } = parsed;
    const status = body === 'bad' ? 400 : 513;
    const reason = body === 'bad' ? 'Bad Content-Length' : 'Message Too Large';
    this.#sink.onParsed({ outcome: 'bad', status, reason, ...(message.kind === 'request' ? { answerable: message } : {}) });
    return 'broken';
  }

  /** @returns where something else begins, or -1 when a line end is not whole */
  #skipLineEnds(bytes: Buffer, start: number): number {
    let at = start;
    while (bytes[at] === CR && at + 1 < bytes.length) {
      if (bytes[at + 1] !== LF) return -1;
      at += 2;
      this.#lineEnds += 1;
      if (this.#lineEnds === 2) {
        this.#lineEnds = 0;
        this.#sink.onPing();
      }
    }
    if (at < bytes.length && bytes[at] !== CR) this.#lineEnds = 0;
    return at;
  }

  #hold(chunk: Buffer): Buffer {
    const length = this.#heldLength + chunk.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldLength);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldLength);
    this.#heldLength = length;
    return this.#held.subarray(0, length);
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.length - from;
    this.#searched = Math.max(0, this.#searched - from);
    if (rest === 0) {
      this.#held = NOTHING;
    } else if (this.#heldLength === 0) {
      this.#held = Buffer.from(bytes.subarray(from));
    } else {
      this.#held.copyWithin(0, from, bytes.length);
    }
    this.#heldLength = rest;
  }
}
