/**
 * RTP packets (RFC 3550 5.1) as they are on the wire: read without copying, written in place. What is malformed is `undefined`, never an exception:
 * these functions see whatever strangers send to an open port.
 */

export const HEADER_BYTES = 12;
/** The largest datagram that is looked at: 60 ms of any of our codecs is 480 bytes, the rest is header extension. */
const MAX_BYTES = 2_048;
const VERSION = 2;

export interface RtpPacket {
  readonly bytes: Buffer;
  readonly payloadType: number;
  readonly isMarked: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** Behind contributing sources and header extension. */
  readonly payloadStart: number;
  /** Before padding. */
  readonly payloadEnd: number;
}

/** RFC 5761 4: RTCP that shares the port with RTP is told apart by the second byte. */
export const looksLikeRtcp = (bytes: Buffer): boolean => {
  const type = bytes[1] ?? 0;
  return type >= 192 && type <= 223;
};

export function parseRtp(bytes: Buffer): RtpPacket | undefined {
  const { length } = bytes;
  if (length < HEADER_BYTES || length > MAX_BYTES) return undefined;
  const first = bytes[0] as number;
  const second = bytes[1] as number;
  if (first >> 6 !== VERSION) return undefined;
  let payloadStart = HEADER_BYTES + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (payloadStart + 4 > length) return undefined;
    payloadStart += 4 + 4 * bytes.readUInt16BE(payloadStart + 2);
  }
  let payloadEnd = length;
  if (first & 0x20) {
    const padding = bytes[length - 1] as number;
    if (padding === 0) return undefined;
    payloadEnd -= padding;
  }
  if (payloadStart > payloadEnd) return undefined;
  return {
    bytes,
    payloadType: second & 0x7f,
    isMarked: second >= 0x80,
    sequence: ((bytes[2] as number) << 8) | (bytes[3] as number),
    timestamp: readWord(bytes, 4),
    ssrc: readWord(bytes, 8),
    payloadStart,
    payloadEnd,
  };
}

/** A header without sources, extension or padding at `at`; needs 12 bytes there. */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  header: {
    readonly payloadType: number;
    readonly isMarked: boolean;
    readonly sequence: number;
    readonly timestamp: number;
    readonly ssrc: number;
  },
): void {
  const { sequence, timestamp, ssrc } = header;
  bytes[at] = VERSION << 6;
  bytes[at + 1] = header.payloadType | (header.isMarked ? 0x80 : 0);
  bytes[at + 2] = sequence >> 8;
  bytes[at + 3] = sequence;
  writeWord(bytes, at + 4, timestamp);
  writeWord(bytes, at + 8, ssrc);
}

export const readWord = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0;

export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** How far sequence number `a` is ahead of `b`, over the wrap: −32768 to 32767. */
export const sequenceAhead = (a: number, b: number): number => ((a - b) << 16) >> 16;
/** The same for timestamps. */
export const timestampAhead = (a: number, b: number): number => (a - b) | 0;
