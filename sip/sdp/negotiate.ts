/**
 * Offer and answer (RFC 3264) of one leg: what we say of our end, and what follows from what the other side said. One `Negotiation` lives as long as its
 * leg; it remembers what stands, so that a repeated offer gets the same answer and a hold keeps the codec.
 */
import { type Codec, codec as codecSchema, type RemoteMedia } from '../rtp/protocol.ts';
import { type AudioLine, type Direction, PAYLOAD_TYPE, parseSession, type Session, writeSession } from './session.ts';

/** Our end, as the media process opened it. */
export interface LocalMedia {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
}

export type Negotiated = {
  readonly ok: true;
  readonly remote: RemoteMedia;
  /** The other side holds us: by direction, or by the address 0.0.0.0. */
  readonly isHeld: boolean;
};
/** `malformed` is answered 400 or 488, `no_audio` and `no_codec` 488. */
export type NotNegotiated = { readonly ok: false; readonly reason: 'malformed' | 'no_audio' | 'no_codec' };

const ALL: readonly Codec[] = ['PCMA', 'PCMU', 'G722'];
const EVENTS = 101;
const MIRROR: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** What another process needs to go on with it. */
export interface SavedNegotiation {
  readonly local: LocalMedia;
  readonly id: string;
  readonly version: number;
  readonly written: string;
  readonly line: AudioLine | undefined;
  readonly chosen: Codec | undefined;
}

export class Negotiation {
  #local: LocalMedia;
  #id = String(1 + Math.floor(Math.random() * 2 ** 52));
  #version = 0;
  #written = '';
  #standing: { readonly line: AudioLine; readonly chosen: Codec } | undefined;
  #isMux = false;
  /** What we offered and wait for the answer of. */
  #offered: readonly Codec[] = [];

  constructor({ address, port, rtcpPort }: LocalMedia) {
    this.#local = { address, port, rtcpPort };
  }

  static restored(saved: SavedNegotiation): Negotiation {
    const negotiation = new Negotiation(saved.local);
    negotiation.#id = saved.id;
    negotiation.#version = saved.version;
    negotiation.#written = saved.written;
    if (saved.line && saved.chosen) negotiation.#standing = { line: saved.line, chosen: saved.chosen };
    negotiation.#isMux = saved.line?.isRtcpMux ?? false;
    return negotiation;
  }

  get saved(): SavedNegotiation {
    const { line, chosen } = this.#standing ?? {};
    return { local: this.#local, id: this.#id, version: this.#version, written: this.#written, line, chosen };
  }

  get codec(): Codec | undefined {
    return this.#standing?.chosen;
  }

  /** Our end is another one now, which the other side learns by the next offer or answer: the same session, changed (RFC 3264 8.3.1). */
  moveTo({ address, port, rtcpPort }: LocalMedia): void {
    this.#local = { address, port, rtcpPort };
  }
  /** Our last description. */
  get written(): string {
    return this.#written;
  }

  /** Our offer; `first` are preferred. In a session that stands: the codec in use before the others, under the numbers in use. */
  offer(options: { readonly first?: Codec | undefined; readonly direction?: Direction } = {}): string {
    const first = this.#standing?.chosen ?? options.first;
    const order = first === undefined ? ALL : [first, ...ALL.filter((codec) => codec !== first)];
    this.#offered = order;
    const numbered = (codec: Codec): number =>
      this.#standing?.line.codecs.find((known) => known.codec === codec)?.payloadType ?? PAYLOAD_TYPE[codec];
    return this.#write({
      codecs: order.map((codec) => ({ codec, payloadType: numbered(codec) })),
      eventPayloadType: this.#standing?.line.eventPayloadType ?? EVENTS,
      ptimeMs: 20,
      direction: options.direction ?? 'sendrecv',
      isRtcpMux: this.#isMux,
      hasFeedback: this.#standing?.line.hasFeedback ?? false,
    });
  }

  /** The other side's offer, and our answer. `direction`: the most we want, e.g. `sendonly` while we hold it. */
  answer(
    offer: string,
    options: { readonly direction?: Direction; readonly prefer?: Codec | undefined } = {},
  ): (Negotiated & { readonly sdp: string }) | NotNegotiated {
    const session = parseSession(offer);
    const read = readAudio(session);
    if (!read.ok) return read;
    const { line } = read;
    const keep = this.#standing?.chosen ?? options.prefer;
    const chosen = (keep && line.codecs.find(({ codec }) => codec === keep)) ?? line.codecs[0];
    if (!chosen) return { ok: false, reason: 'no_codec' };
    this.#standing = { line, chosen: chosen.codec };
    this.#isMux = line.isRtcpMux;
    const direction = narrower(MIRROR[line.direction], options.direction ?? 'sendrecv');
    const sdp = this.#write({
      codecs: [chosen],
      eventPayloadType: line.eventPayloadType,
      ptimeMs: line.ptimeMs,
      direction,
      isRtcpMux: line.isRtcpMux,
      hasFeedback: line.hasFeedback,
      answers: { lines: session?.lines ?? [], index: line.index },
    });
    return { ok: true, sdp, remote: this.#remote(direction), isHeld: isHold(line.direction) };
  }

  /** The answer to our offer. */
  accept(answer: string, options: { readonly direction?: Direction } = {}): Negotiated | NotNegotiated {
    const read = readAudio(parseSession(answer));
    if (!read.ok) return read;
    const { line } = read;
    const chosen = line.codecs.find(({ codec }) => this.#offered.includes(codec));
    if (!chosen) return { ok: false, reason: 'no_codec' };
    this.#standing = { line, chosen: chosen.codec };
    this.#isMux = line.isRtcpMux && this.#isMux;
    const direction = narrower(MIRROR[line.direction], options.direction ?? 'sendrecv');
    return { ok: true, remote: this.#remote(direction), isHeld: isHold(line.direction) };
  }

  #remote(direction: Direction): RemoteMedia {
    const standing = this.#standing;
    if (!standing) throw new Error('nothing was negotiated');
    const { line, chosen } = standing;
    const payloadType = line.codecs.find(({ codec }) => codec === chosen)?.payloadType ?? PAYLOAD_TYPE[chosen];
    return {
      address: line.address,
      port: line.port,
      ...(line.rtcpPort === undefined ? {} : { rtcpPort: line.rtcpPort }),
      isRtcpMux: this.#isMux,
      codec: codecSchema.parse(chosen),
      payloadType,
      ...(line.eventPayloadType === undefined ? {} : { eventPayloadType: line.eventPayloadType }),
      ptimeMs: line.ptimeMs,
      direction,
    };
  }

  #write(own: Omit<Parameters<typeof writeSession>[0], 'id' | 'version' | keyof LocalMedia>): string {
    const at = (version: number): string => writeSession({ ...own, ...this.#local, id: this.#id, version });
    // The version grows only when something differs, so that the other side can tell a refresh from a change.
    if (this.#written === '' || at(this.#version) !== this.#written) this.#version++;
    this.#written = at(this.#version);
    return this.#written;
  }
}

function readAudio(session: Session | undefined): { readonly ok: true; readonly line: AudioLine } | NotNegotiated {
  if (!session) return { ok: false, reason: 'malformed' };
  if (!session.audio || session.audio.port === 0) return { ok: false, reason: 'no_audio' };
  if (session.audio.codecs.length === 0) return { ok: false, reason: 'no_codec' };
  return { ok: true, line: session.audio };
}

const isHold = (direction: Direction): boolean => direction === 'sendonly' || direction === 'inactive';

function narrower(one: Direction, other: Direction): Direction {
  const sends = one.startsWith('send') && other.startsWith('send');
  const receives = /recv/.test(one) && /recv/.test(other);
  return sends ? (receives ? 'sendrecv' : 'sendonly') : receives ? 'recvonly' : 'inactive';
}
