/**
 * One phone's media in a call: what it sends is checked, counted and handed to whoever listens; what it hears goes out as one stream. Opened by `Media`,
 * wired to others by `Call`. A leg plays, sends keys, or hears somebody, in this order of precedence. Closing order: playback, clock, farewell, sockets.
 */
import type { Call } from './call.ts';
import { codecOfStaticType } from './codecs.ts';
import { KeyReader, KeyWriter } from './keys.ts';
import { type Endpoint, Latch, SILENT_MS } from './latch.ts';
import { LegPort } from './legPort.ts';
import { LegReports } from './legReports.ts';
import { OutgoingStream, UNITS_PER_MS } from './outgoing.ts';
import type { Pacer, Seat } from './pacer.ts';
import { HEADER_BYTES, looksLikeRtcp, parseRtp, type RtpPacket, writeHeader } from './packet.ts';
import { Player, type Track } from './playback.ts';
import type { PortPair } from './ports.ts';
import type { Codec, LegInfo, Playback, RemoteMedia, RtpEvent } from './protocol.ts';
import { Transcoder } from './transcoder.ts';

/** RFC 3389: how some phones say that nothing is said. */
const COMFORT_NOISE = 13;
const REST_AFTER_MS = 3_000;
const REST_PERIOD_MS = 5_000;
const LISTEN_MS = 500;
const UNSPECIFIED = new Set(['0.0.0.0', '::']);

export interface LegOptions {
  readonly id: string;
  readonly call: Call;
  readonly address: string;
  readonly pair: PortPair;
  readonly silentAfterMs: number;
  readonly pacer: Pacer;
  readonly cname: string;
  readonly tell: (event: RtpEvent) => void;
}

/** Gets decoded nothing and decides nothing: what a mix takes of a leg. */
export interface MixInput {
  put(packet: RtpPacket, codec: Codec): void;
}

export class Leg {
  readonly id: string;
  readonly call: Call;
  isMuted = false;
  /** Who hears this leg alone, set by the call. */
  listeners: readonly Leg[] = [];
  /** Set while a mix takes it. */
  mixInput: MixInput | undefined;

  readonly #options: LegOptions;
  readonly #port: LegPort;
  readonly #latch = new Latch();
  readonly #reports: LegReports;
  readonly #out = new OutgoingStream();
  readonly #keyReader = new KeyReader();
  readonly #keyWriter = new KeyWriter();
  #remote: RemoteMedia | undefined;
  #heardCodec: Codec | undefined;
  #player: Player | undefined;
  #lastPlayback: string | undefined;
  #transcoder: Transcoder | undefined;
  #seat: Seat | undefined;
  #frame = Buffer.alloc(HEADER_BYTES);
  #keyTimestamp = 0;
  readonly #restPhaseMs = Math.random() * REST_PERIOD_MS;
  #expectedSince = 0;
  #isSilent = false;
  /** The kernel has taken no packet for seconds: the buffer of the last one is not free. */
  #isStuck = false;
  #isClosed = false;

  constructor(options: LegOptions) {
    this.id = options.id;
    this.call = options.call;
    this.#options = options;
    this.#reports = new LegReports(this.#out.ssrc, options.cname);
    this.#port = new LegPort(options.pair, {
      rtp: (bytes, from) => this.#received(bytes, from),
      rtcp: (bytes, from) => this.#receivedRtcp(bytes, from),
    });
  }

  get remote(): RemoteMedia | undefined {
    return this.#remote;
  }

  /** In which it speaks: what was agreed on, or what it sends instead. */
  get heardCodec(): Codec | undefined {
    return this.#heardCodec;
  }

  get mayHear(): boolean {
    return this.#remote?.direction === 'sendrecv' || this.#remote?.direction === 'sendonly';
  }

  get maySpeak(): boolean {
    return !this.isMuted && (this.#remote?.direction === 'sendrecv' || this.#remote?.direction === 'recvonly');
  }

  get playing(): Player | undefined {
    return this.#player;
  }

  /** The one that plays, or that came to its end: sent again, it is not played again. */
  get lastPlayback(): string | undefined {
    return this.#lastPlayback;
  }

  get info(): LegInfo {
    const { address, id } = this.#options;
    const { port } = this.#port;
    return {
      call: this.call.id,
      leg: id,
      address,
      port,
      rtcpPort: port + 1,
      ...(this.#remote ? { remote: this.#remote } : {}),
      ...(this.#latch.source ? { source: this.#latch.source } : {}),
      stats: this.#reports.stats,
    };
  }

  setRemote(remote: RemoteMedia, now: number): void {
    const before = this.#remote;
    this.#remote = remote;
    if (before?.codec !== remote.codec || before.payloadType !== remote.payloadType) this.#heardCodec = remote.codec;
    this.#latch.expect(remote);
    this.#aim();
    if (!before) this.#expectedSince = now;
    const units = remote.ptimeMs * UNITS_PER_MS;
    if (this.#frame.length !== HEADER_BYTES + units) this.#frame = Buffer.alloc(HEADER_BYTES + units);
    if (this.#seat && before?.ptimeMs !== remote.ptimeMs) this.#leaveSeat();
    this.#takeSeat();
  }

  /** What stood is replaced. The track must be in the leg's codec. */
  play(request: Playback, track: Track, now: number): void {
    this.#endPlayback('replaced');
    this.#player = new Player(request, track, now);
    this.#lastPlayback = request.id;
    this.#takeSeat();
  }

  stop(): void {
    this.#lastPlayback = undefined;
    this.#endPlayback('stopped');
  }

  /** @returns false: the phone takes no events */
  press(keys: string): boolean {
    if (this.#remote?.eventPayloadType === undefined) return false;
    this.#keyWriter.press(keys);
    this.#takeSeat();
    return true;
  }

  /** One that this leg hears alone sent a packet. `mayTake`: its bytes are nobody else's any more. */
  hear(source: Leg, packet: RtpPacket, now: number, mayTake: boolean): void {
    const remote = this.#remote;
    if (this.#isElsewhere || !remote || !source.heardCodec) return;
    const out = this.#out;
    if (!out.relay(source, packet, now)) return;
    out.payloadType = remote.payloadType;
    const bytes = this.#unpack(packet, mayTake);
    if (source.heardCodec !== remote.codec) {
      if (this.#transcoder?.from !== source.heardCodec || this.#transcoder.to !== remote.codec)
        this.#transcoder = new Transcoder(source.heardCodec, remote.codec);
      this.#transcoder.apply(bytes.subarray(HEADER_BYTES));
    }
    this.#send(bytes);
  }

  /** A packet that is part of a key. */
  hearKey(source: Leg, packet: RtpPacket, now: number): void {
    const type = this.#remote?.eventPayloadType;
    if (this.#isElsewhere) return;
    if (type === undefined) return this.#out.withhold(source, packet);
    if (!this.#out.relay(source, packet, now)) return;
    this.#out.payloadType = type;
    this.#send(this.#unpack(packet, false));
  }

  /** A mix's next packet; `codes` are copied. */
  hearMix(mix: unknown, codes: Uint8Array, missed: number, now: number): void {
    if (this.#isElsewhere || !this.#remote) return;
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + codes.length);
    bytes.set(codes, HEADER_BYTES);
    this.#out.produce(mix, codes.length, missed * codes.length, now);
    this.#out.payloadType = this.#remote.payloadType;
    this.#send(bytes);
  }

  /** The clock's turn: keys and playback. */
  tick(now: number, missed: number): void {
    const remote = this.#remote;
    const player = this.#player;
    const units = this.#frame.length - HEADER_BYTES;
    if (player && missed > 0) player.skip(missed * units);
    if (this.#keyWriter.isBusy) {
      player?.skip(units);
      return this.#sendKeys(now);
    }
    if (!player || !remote) return this.#leaveSeat();
    if (!this.mayHear || this.#isStuck) return player.skip(units);
    if (!player.read(this.#frame, HEADER_BYTES, units)) return this.#endPlayback('over');
    this.#out.produce(player, units, missed * units, now);
    this.#out.payloadType = remote.payloadType;
    this.#send(this.#frame);
  }

  /** Several times a second: what is noticed by time. */
  keepHouse(now: number, unixMs: number): void {
    for (const key of this.#keyReader.lapsed(now)) this.#tellKey(key);
    this.#isStuck = this.#port.isBacklogged;
    const heardAt = Math.max(this.#latch.lastAt, this.#expectedSince);
    if (now - heardAt >= SILENT_MS) this.#listenOrRest(now, now - heardAt);
    const { silentAfterMs, tell } = this.#options;
    if (this.#remote && silentAfterMs > 0 && !this.#isSilent && now - heardAt >= silentAfterMs) {
      this.#isSilent = true;
      tell({ event: 'leg.silent', leg: this.id, ms: Math.round(now - heardAt) });
    }
    if (this.#remote && this.#reports.isDue(now)) {
      this.#port.sendRtcp(this.#reports.write(now, unixMs, this.#out.timestampAt(now)), this.#remote.isRtcpMux);
      const quality = this.#heardCodec && this.#reports.takeQuality(this.#heardCodec);
      if (quality && this.#isHeard) tell({ event: 'leg.quality', leg: this.id, quality });
    }
  }

  /** Another application carries it now, which has not heard. */
  tellSilenceAgain(): void {
    this.#isSilent = false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endPlayback('stopped');
    this.#leaveSeat();
    if (this.#remote) {
      const now = performance.now();
      this.#port.sendRtcp(this.#reports.write(now, Date.now(), this.#out.timestampAt(now), true), this.#remote.isRtcpMux);
    }
    this.#port.close();
    this.#options.tell({ event: 'leg.closed', leg: this.id, stats: this.#reports.stats });
  }

  /**
   * Who is silent may come from elsewhere next. But a caller who only hears music, and has said nothing for long, is listened for in a part of the time:
   * the rest of it music goes out at a third less cost.
   */
  #listenOrRest(now: number, silentMs: number): void {
    const mayRest = this.#player !== undefined && !this.#isHeard && silentMs >= REST_AFTER_MS;
    if (mayRest && (now + this.#restPhaseMs) % REST_PERIOD_MS >= LISTEN_MS) this.#port.settle();
    else this.#port.unsettle();
  }

  #received(bytes: Buffer, from: Endpoint): void {
    if (looksLikeRtcp(bytes)) return this.#receivedRtcp(bytes, from);
    const packet = parseRtp(bytes);
    const remote = this.#remote;
    if (!packet || !remote) return;
    const isKey = packet.payloadType === remote.eventPayloadType;
    const codec = packet.payloadType === remote.payloadType ? remote.codec : codecOfStaticType(packet.payloadType);
    if (!isKey && !codec && packet.payloadType !== COMFORT_NOISE) return;
    const now = performance.now();
    if (this.#port.isSettled && this.#latch.source) this.#latch.admitSettled(packet, now);
    else if (!this.#admit(packet, from, now)) return;
    if (this.#isSilent) {
      this.#isSilent = false;
      this.#options.tell({ event: 'leg.heard', leg: this.id });
    }
    this.#reports.count(packet, now);
    if (isKey) return this.#readKey(packet, now);
    if (!codec) {
      for (const listener of this.listeners) listener.#out.withhold(this, packet);
      return;
    }
    if (codec !== this.#heardCodec) {
      this.#heardCodec = codec;
      this.call.rewire();
    }
    this.mixInput?.put(packet, codec);
    const { listeners } = this;
    const last = listeners.length - 1;
    for (let index = 0; index <= last; index++) listeners[index]?.hear(this, packet, now, index === last);
  }

  #admit(packet: RtpPacket, { address, port }: Endpoint, now: number): boolean {
    const before = this.#latch.source;
    if (!this.#latch.admit(packet, address, port, now)) return false;
    if (this.#latch.source !== before) this.#aim();
    if (this.#latch.isSettled) this.#port.settle();
    return true;
  }

  #receivedRtcp(bytes: Buffer, { address, port }: Endpoint): void {
    const source = this.#latch.source ?? this.#remote;
    if (!source || (address !== source.address && address !== this.#remote?.address)) return;
    if (!this.#reports.read(bytes, performance.now(), Date.now())) return;
    if (!this.#remote?.isRtcpMux) this.#port.aimRtcp({ address, port });
  }

  #readKey(packet: RtpPacket, now: number): void {
    for (const key of this.#keyReader.read(packet, now)) this.#tellKey(key);
    for (const listener of this.listeners) listener.hearKey(this, packet, now);
  }

  #tellKey({ key, ms }: { key: string; ms: number }): void {
    this.#options.tell({ event: 'leg.key', leg: this.id, key, ms });
  }

  get #isHeard(): boolean {
    return this.listeners.length > 0 || this.mixInput !== undefined;
  }

  /** Hears something of its own: no one else. */
  get #isElsewhere(): boolean {
    return this.#player !== undefined || this.#keyWriter.isBusy;
  }

  #aim(): void {
    const remote = this.#remote;
    if (!remote) return;
    const target = this.#latch.source ?? (UNSPECIFIED.has(remote.address) ? undefined : remote);
    this.#port.aim(target);
    this.#port.aimRtcp(target && { address: target.address, port: remote.rtcpPort ?? Math.min(65_535, target.port + 1) });
  }

  /** The packet without what is between header and payload, for a header of ours to be written at its beginning. */
  #unpack({ bytes, payloadStart, payloadEnd }: RtpPacket, mayTake: boolean): Buffer {
    const from = payloadStart - HEADER_BYTES;
    if (mayTake && from === 0 && payloadEnd === bytes.length) return bytes;
    const view = bytes.subarray(from, payloadEnd);
    return mayTake ? view : Buffer.from(view);
  }

  #send(bytes: Buffer): void {
    writeHeader(bytes, 0, this.#out);
    this.#reports.sent(bytes.length - HEADER_BYTES);
    this.#port.sendRtp(bytes);
  }

  #sendKeys(now: number): void {
    const type = this.#remote?.eventPayloadType;
    for (const { payload, isFirst } of this.#keyWriter.next()) {
      if (type === undefined) continue;
      if (isFirst) this.#keyTimestamp = this.#out.timestampAt(now);
      this.#out.produceAt(this.#keyTimestamp, isFirst);
      this.#out.payloadType = type;
      this.#send(Buffer.concat([Buffer.alloc(HEADER_BYTES), payload]));
    }
  }

  #endPlayback(reason: 'over' | 'stopped' | 'replaced'): void {
    const player = this.#player;
    if (!player) return;
    this.#player = undefined;
    this.#options.tell({ event: 'play.ended', leg: this.id, playback: player.id, reason });
  }

  #takeSeat(): void {
    if (this.#seat || !this.#remote || (!this.#player && !this.#keyWriter.isBusy)) return;
    this.#seat = this.#options.pacer.seat(this, this.#remote.ptimeMs);
  }

  #leaveSeat(): void {
    if (this.#seat) this.#options.pacer.leave(this.#seat);
    this.#seat = undefined;
  }
}
