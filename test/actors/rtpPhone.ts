/**
 * A phone's media in tests: sends and receives real RTP from a socket of its own every 20 ms, and keeps what it heard. On demand it loses, repeats or
 * reorders what it sends, changes its SSRC or its port. Of the code it tests it uses nothing but the codecs.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { decodeG711, encodeG711 } from '../../sip/rtp/g711.ts';
import { G722Decoder, G722Encoder } from '../../sip/rtp/g722.ts';
import type { Codec } from '../../sip/rtp/protocol.ts';
import { sine } from '../support/tones.ts';

export interface HeardPacket {
  readonly at: number;
  readonly from: string;
  readonly payloadType: number;
  readonly isMarked: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

export interface RtpPhoneOptions {
  /** A- or µ-law, or G.722. */
  readonly law?: Codec;
  readonly payloadType?: number;
  readonly eventPayloadType?: number;
  /** Hz; 0: silence. */
  readonly tone?: number;
}

const FRAME = 160;
const FRAME_MS = 20;

export class RtpPhone {
  readonly law: Codec;
  readonly payloadType: number;
  readonly eventPayloadType: number;
  readonly heard: HeardPacket[] = [];
  readonly heardRtcp: Buffer[] = [];
  tone: number;
  ssrc = randomInt(1, 2 ** 32);
  sequence = randomInt(2 ** 16);
  timestamp = randomInt(2 ** 32);
  /** What becomes of each packet before it is sent; empty: lost. */
  mangle: (packet: Buffer) => Buffer[] = (packet) => [packet];
  sent = 0;
  #socket: Socket;
  #rtcp: Socket;
  #target: { address: string; port: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #frames = 0;
  #isMarked = true;
  readonly #encoder = new G722Encoder();

  private constructor(socket: Socket, rtcp: Socket, options: RtpPhoneOptions) {
    this.law = options.law ?? 'PCMU';
    this.payloadType = options.payloadType ?? { PCMU: 0, PCMA: 8, G722: 9 }[this.law];
    this.eventPayloadType = options.eventPayloadType ?? 101;
    this.tone = options.tone ?? 0;
    this.#socket = socket;
    this.#rtcp = rtcp;
    this.#listen(socket);
    rtcp.on('message', (bytes) => this.heardRtcp.push(bytes));
  }

  static async open(options: RtpPhoneOptions = {}): Promise<RtpPhone> {
    return new RtpPhone(await bound(), await bound(), options);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get rtcpPort(): number {
    return this.#rtcp.address().port;
  }

  /** For `leg.remote`. */
  get remote() {
    return {
      address: '127.0.0.1',
      port: this.port,
      rtcpPort: this.rtcpPort,
      codec: this.law,
      payloadType: this.payloadType,
      eventPayloadType: this.eventPayloadType,
    };
  }

  /** Sends its tone from now on, a packet every 20 ms. */
  talk(target: { address: string; port: number }): void {
    this.#target = { address: '127.0.0.1', port: target.port };
    this.#startedAt = performance.now();
    this.#frames = 0;
    this.#isMarked = true;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      while (this.#startedAt + this.#frames * FRAME_MS <= performance.now()) this.#sendFrame();
    }, 5);
  }

  hush(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Goes on from another port, as behind a NAT that forgot it. Whoever sends to the old one reaches nobody. */
  async rebind(): Promise<void> {
    const old = this.#socket;
    this.#socket = await bound();
    this.#listen(this.#socket);
    old.close();
  }

  aim(target: { port: number }): void {
    this.#target = { address: '127.0.0.1', port: target.port };
  }

  sendRaw(bytes: Buffer): void {
    if (this.#target) this.#socket.send(bytes, this.#target.port, this.#target.address);
  }

  sendRtcp(bytes: Buffer, port: number): void {
    this.#rtcp.send(bytes, port, '127.0.0.1');
  }

  /** One packet with this payload. */
  sendPayload(payload: Uint8Array, { payloadType = this.payloadType, isMarked = false, timestamp = this.timestamp } = {}): void {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = payloadType | (isMarked ? 0x80 : 0);
    packet.writeUInt16BE(this.sequence, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    packet.set(payload, 12);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.sent++;
    for (const bytes of this.mangle(packet)) this.sendRaw(bytes);
  }

  /** RFC 4733: begins, goes on, and ends three times. `lost`: packets of these numbers (from 0) are not sent. */
  press(key: string, { ms = 100, lost = [] }: { ms?: number; lost?: readonly number[] } = {}): void {
    const code = '0123456789*#ABCD'.indexOf(key);
    const { timestamp } = this;
    const units: [number, boolean][] = [];
    for (let at = 20; at < ms; at += 20) units.push([at * 8, false]);
    units.push([ms * 8, true], [ms * 8, true], [ms * 8, true]);
    for (const [index, [duration, isEnd]] of units.entries()) {
      const payload = Uint8Array.of(code, (isEnd ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
      if (lost.includes(index)) this.sequence = (this.sequence + 1) & 0xffff;
      else this.sendPayload(payload, { payloadType: this.eventPayloadType, isMarked: index === 0, timestamp });
    }
    this.timestamp = (this.timestamp + ms * 8) >>> 0;
  }

  /** The sound of the last `count` packets heard (of the first `upTo`), as they came; events left out. */
  sound(count: number, upTo = this.heard.length): Int16Array {
    const packets = this.heard
      .slice(Math.max(0, upTo - 2 * count), upTo)
      .filter(({ payloadType }) => payloadType === this.payloadType)
      .slice(-count);
    return this.#decoded(packets);
  }

  /** The last `count` samples as they lie by their timestamps; NaN where nothing came: lost, or left out because it was too late to send it. */
  laid(count: number): Float32Array {
    const laid = new Float32Array(count).fill(Number.NaN);
    const packets = this.heard.filter(({ payloadType }) => payloadType === this.payloadType);
    const newest = packets.at(-1);
    const begin = newest ? newest.timestamp + newest.payload.length - count : 0;
    const within = packets.filter(({ timestamp }) => timestamp >= begin);
    const samples = this.#decoded(within);
    let from = 0;
    for (const { timestamp, payload } of within) laid.set(samples.subarray(from, (from += payload.length)), timestamp - begin);
    return laid;
  }

  close(): void {
    this.hush();
    this.#socket.close();
    this.#rtcp.close();
  }

  #sendFrame(): void {
    const codes = new Uint8Array(FRAME);
    const samples = this.tone === 0 ? new Int16Array(FRAME) : sine(this.tone, FRAME, { from: this.#frames * FRAME });
    if (this.law === 'G722') this.#encoder.encode(samples, codes);
    else encodeG711(this.law, samples, codes);
    this.sendPayload(codes, { isMarked: this.#isMarked });
    this.#isMarked = false;
    this.timestamp = (this.timestamp + FRAME) >>> 0;
    this.#frames++;
  }

  #decoded(packets: readonly HeardPacket[]): Int16Array {
    const samples = new Int16Array(packets.reduce((sum, { payload }) => sum + payload.length, 0));
    const decoder = new G722Decoder();
    let at = 0;
    for (const { payload } of packets) {
      const part = new Int16Array(payload.length);
      if (this.law === 'G722') decoder.decode(payload, part);
      else decodeG711(this.law, payload, part);
      samples.set(part, at);
      at += part.length;
    }
    return samples;
  }

  #listen(socket: Socket): void {
    socket.on('message', (bytes, from) => {
      if (((bytes[1] ?? 0) & 0x7f) >= 64 && ((bytes[1] ?? 0) & 0x7f) < 96) return void this.heardRtcp.push(bytes);
      this.heard.push({
        at: performance.now(),
        from: `${from.address}:${from.port}`,
        payloadType: (bytes[1] as number) & 0x7f,
        isMarked: (bytes[1] as number) >= 0x80,
        sequence: bytes.readUInt16BE(2),
        timestamp: bytes.readUInt32BE(4),
        ssrc: bytes.readUInt32BE(8),
        payload: bytes.subarray(12),
      });
    });
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}
