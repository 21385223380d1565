/**
 * Frames of drachtio's wire protocol: `<decimal byte length>#<payload>`, one after the other without separator (WIRE §1).
 * A reader belongs to one connection; it holds at most one frame that is not whole yet.
 */

/** A length of six digits is refused, as drachtio-server does; a SIP message over UDP has at most 65,535 bytes. */
const MAX_LENGTH_DIGITS = 5;
const HASH = 0x23;
const ZERO = 0x30;

/** What came is no frame: the connection cannot be read any further. */
export class FrameError extends Error {
  override name = 'FrameError';
}

export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  /** Chunks of a frame whose length is known, so that a big one is not copied at every chunk. */
  #chunks: Buffer[] = [];
  #held = 0;
  #wanted = 0;

  /** @returns the payloads that are whole now. @throws FrameError */
  read(chunk: Buffer): Buffer[] {
    if (this.#wanted > 0) {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      if (this.#held < this.#wanted) return [];
      this.#rest = Buffer.concat(this.#chunks);
      this.#chunks = [];
      this.#held = 0;
      this.#wanted = 0;
    } else this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    return this.#split();
  }

  #split(): Buffer[] {
    const payloads: Buffer[] = [];
    let at = 0;
    for (;;) {
      const head = readLength(this.#rest, at);
      if (!head) break;
      const end = head.start + head.length;
      if (this.#rest.length < end) {
        this.#wanted = end - at;
        break;
      }
      payloads.push(this.#rest.subarray(head.start, end));
      at = end;
    }
    const rest = this.#rest.subarray(at);
    if (this.#wanted > 0) {
      this.#chunks = [rest];
      this.#held = rest.length;
      this.#rest = Buffer.alloc(0);
    } else this.#rest = rest;
    return payloads;
  }
}

function readLength(bytes: Buffer, from: number): { length: number; start: number } | undefined {
  let length = 0;
  for (let index = from; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte === HASH) {
      if (index === from || length === 0) throw new FrameError('a frame without length');
      return { length, start: index + 1 };
    }
    const digit = byte - ZERO;
    if (digit < 0 || digit > 9) throw new FrameError('a length that is no number');
    if (index - from >= MAX_LENGTH_DIGITS) throw new FrameError('a frame that is too long');
    length = length * 10 + digit;
  }
  return undefined;
}

/** The bytes of one frame: meta line, and after CRLF the SIP message, if any. */
export function frame(meta: string, sip?: Buffer): Buffer {
  const head = Buffer.from(sip ? `${meta}\r\n` : meta, 'utf8');
  const length = head.length + (sip?.length ?? 0);
  const parts: Buffer[] = [Buffer.from(`${length}#`, 'latin1'), head];
  if (sip) parts.push(sip);
  return Buffer.concat(parts);
}
