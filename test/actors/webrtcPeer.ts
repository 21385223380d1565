/**
 * A peer of a video room without a browser: real ICE, DTLS and RTP by werift, asking by `ask` (a gateway socket, or the room itself). Made by tests and load with
 * `WebRtcPeer.join`, ended by `close`. Sends 50 audio packets and 25 pictures a second; of what it receives it keeps counts by producer and reports by RTCP twice a second.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket, RtpHeader } from 'werift';
import { type Joined, joined, type MediaSource, type RoomConsumer, roomConsumer } from '../../src/protocol/video.ts';
import { type RemoteTransport, type Way, WebRtcTransport } from './webrtcTransport.ts';

/** A `videoCommand`; gives its answer. */
// biome-ignore lint/suspicious/noExplicitAny: forged ones too
export type Ask = (command: any) => Promise<any>;

export interface Heard {
  readonly consumer: RoomConsumer;
  packets: number;
  bytes: number;
  /** Of the latest packet: its last byte, which its sender chose, and its length, which tells the layer. */
  mark: number;
  length: number;
  sequence: number;
  /** RFC 3550 6.4.1: middle of the latest sender report's time, and when it came. */
  report: { readonly lsr: number; readonly at: number } | undefined;
}

interface Sending {
  readonly source: MediaSource;
  readonly rtpParameters: ReturnType<typeof rtpParametersOf>;
  readonly mark: number;
  count: number;
  timer: NodeJS.Timeout | undefined;
}

const ICE_RESTART_MS = 10_000;
const OPUS = { mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 };
const PICTURE_CODECS = {
  VP8: { mimeType: 'video/VP8', payloadType: 96, clockRate: 90_000, parameters: {} },
  H264: {
    mimeType: 'video/H264',
    payloadType: 102,
    clockRate: 90_000,
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  },
} as const;
type PictureCodec = keyof typeof PICTURE_CODECS;
const VIDEO_FEEDBACK = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }, { type: 'transport-cc' }];
const SDES_MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const AUDIO_LEVEL = { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 10 };
const REPORT_MS = 500;

/** What a browser would say of itself, in short. */
export const RTP_CAPABILITIES = {
  codecs: [
    { ...OPUS, kind: 'audio', preferredPayloadType: 111, parameters: {}, rtcpFeedback: [] },
    { kind: 'audio', mimeType: 'audio/PCMU', preferredPayloadType: 0, clockRate: 8_000, parameters: {}, rtcpFeedback: [] },
    ...Object.values(PICTURE_CODECS).map(({ payloadType, ...codec }) => ({
      ...codec,
      kind: 'video',
      preferredPayloadType: payloadType,
      rtcpFeedback: VIDEO_FEEDBACK,
    })),
  ],
  headerExtensions: [
    { kind: 'audio', uri: SDES_MID, preferredId: 1 },
    { kind: 'video', uri: SDES_MID, preferredId: 1 },
  ],
};

const isVideo = (source: MediaSource): boolean => source === 'camera' || source === 'screen';
let ssrcs = 10_000 + (process.pid % 1_000) * 100_000;

export function rtpParametersOf(
  source: MediaSource,
  { layers = 1, mid = '0', codec: pictureCodec = 'VP8' }: { layers?: number; mid?: string; codec?: PictureCodec } = {},
) {
  const encodings = Array.from({ length: layers }, () => ({ ssrc: ++ssrcs, ...(layers > 1 && { scalabilityMode: 'L1T1' }) }));
  const codec = isVideo(source)
    ? { ...PICTURE_CODECS[pictureCodec], rtcpFeedback: VIDEO_FEEDBACK }
    : { ...OPUS, parameters: {}, rtcpFeedback: [] };
  const headerExtensions = isVideo(source) ? [] : [AUDIO_LEVEL];
  return { mid, codecs: [codec], headerExtensions, encodings, rtcp: { cname: `peer${ssrcs}` } };
}

export interface WebRtcPeerOptions {
  readonly id: string;
  readonly way?: Way;
  readonly onFirstPacket?: (producer: string) => void;
}

export class WebRtcPeer {
  readonly id: string;
  readonly #ask: Ask;
  readonly #way: Way;
  #onFirstPacket: ((producer: string) => void) | undefined;
  joined!: Joined;
  send!: WebRtcTransport;
  receive!: WebRtcTransport;
  /** By producer. */
  readonly heard = new Map<string, Heard>();
  /** Key frames that receivers asked for. */
  keyFramesAsked = 0;
  /** Share of packets, 0–1, that it says it lost. */
  lossToReport = 0;
  /** RFC 6464: how loud its sound is, 0 the loudest, 127 silence. */
  audioLevel = 20;
  readonly #sending = new Map<string, Sending>();
  #reporting: NodeJS.Timeout | undefined;
  readonly #bySsrc = new Map<number, Heard>();
  #sendStarted: Promise<void> | undefined;
  #receiveStarted: Promise<void> | undefined;
  #mids = 0;
  #needsKeyFrame = true;

  private constructor(id: string, ask: Ask, way: Way) {
    this.id = id;
    this.#ask = ask;
    this.#way = way;
  }

  /** Enters, and receives what is sent already. @throws as `ask` does */
  static async join(ask: Ask, { id, way = 'udp', onFirstPacket }: WebRtcPeerOptions): Promise<WebRtcPeer> {
    const peer = new WebRtcPeer(id, ask, way);
    peer.#onFirstPacket = onFirstPacket;
    await peer.#enter();
    return peer;
  }

  /** After the room was built anew, under the same id. */
  async again(): Promise<void> {
    await this.close();
    await this.#enter();
  }

  async #enter(): Promise<void> {
    this.joined = joined.parse(await this.#ask({ do: 'join', peer: this.id, rtpCapabilities: RTP_CAPABILITIES }));
    [this.send, this.receive] = await Promise.all([
      WebRtcTransport.create(this.joined.send as unknown as RemoteTransport, this.#way),
      WebRtcTransport.create(this.joined.receive as unknown as RemoteTransport, this.#way),
    ]);
    this.receive.onRtp(({ header, payload }) => {
      const heard = this.#bySsrc.get(header.ssrc);
      if (!heard) return;
      if (heard.packets++ === 0) this.#onFirstPacket?.(heard.consumer.producer);
      heard.bytes += payload.length;
      heard.mark = payload.at(-1) ?? 0;
      heard.length = payload.length;
      heard.sequence = header.sequenceNumber;
    });
    this.receive.onRtcp((packet) => {
      const heard = packet instanceof RtcpSrPacket ? this.#bySsrc.get(packet.ssrc) : undefined;
      if (heard && packet instanceof RtcpSrPacket)
        heard.report = { lsr: Number((packet.senderInfo.ntpTimestamp >> 16n) & 0xffff_ffffn), at: performance.now() };
    });
    this.#reporting = setInterval(() => this.#report(), REPORT_MS);
    this.send.onRtcp((packet) => {
      // Payload-specific feedback: PLI, FIR.
      if (packet.type !== 206) return;
      this.keyFramesAsked++;
      this.#needsKeyFrame = true;
    });
    if (this.joined.consumers.length > 0) await this.#take(this.joined.consumers);
  }

  /** Sends media of the source from now on, or from `speak` on; `mark` ends each packet. @return the producer */
  async produce(
    source: MediaSource,
    {
      layers = 1,
      mark = 0,
      isPaused = false,
      isSilent = false,
      codec = 'VP8',
    }: { layers?: number; mark?: number; isPaused?: boolean; isSilent?: boolean; codec?: PictureCodec } = {},
  ): Promise<string> {
    const rtpParameters = rtpParametersOf(source, { layers, mid: String(this.#mids++), codec });
    const started = this.#start('send');
    const [answer] = await Promise.all([
      this.#ask({ do: 'produce', peer: this.id, transport: this.send.id, source, rtpParameters, isPaused }),
      started,
    ]);
    const sending: Sending = { source, rtpParameters, mark, count: 0, timer: undefined };
    this.#sending.set(answer.producer, sending);
    if (!isSilent) this.speak(answer.producer);
    return answer.producer;
  }

  /** Packets of what it produces come, or come no more. */
  speak(producer: string, isSpeaking = true): void {
    const sending = this.#sending.get(producer);
    clearInterval(sending?.timer);
    if (sending && isSpeaking) this.#pump(sending);
  }

  async consume(producers: readonly string[]): Promise<RoomConsumer[]> {
    const answer = await this.#ask({ do: 'consume', peer: this.id, producers, rtpCapabilities: RTP_CAPABILITIES });
    const consumers = roomConsumer.array().parse(answer.consumers);
    await this.#take(consumers);
    return consumers;
  }

  watch(consumer: string, shown: { isPaused: boolean; width?: number; height?: number }): Promise<unknown> {
    return this.#ask({ do: 'watch', peer: this.id, consumers: [{ id: consumer, ...shown }] });
  }

  async restartIce(): Promise<void> {
    for (const transport of [this.send, this.receive]) {
      if (!transport.isConnected) continue;
      // As a browser's client does: a restart whose checks lead nowhere, as on a machine that is busy, is followed by another.
      for (let isBack = false; !isBack; ) {
        const { iceParameters } = await this.#ask({ do: 'restartIce', peer: this.id, transport: transport.id });
        isBack = await Promise.race([transport.restart(iceParameters).then(() => true), wait(ICE_RESTART_MS, false)]);
      }
    }
  }

  leave(): Promise<unknown> {
    return this.#ask({ do: 'leave', peer: this.id });
  }

  /** Vanishes without a word. */
  async close(): Promise<void> {
    clearInterval(this.#reporting);
    for (const { timer } of this.#sending.values()) clearInterval(timer);
    this.#sending.clear();
    this.#bySsrc.clear();
    this.heard.clear();
    this.#sendStarted = undefined;
    this.#receiveStarted = undefined;
    this.#mids = 0;
    this.#needsKeyFrame = true;
    await Promise.all([this.send?.close(), this.receive?.close()]);
  }

  async #take(consumers: readonly RoomConsumer[]): Promise<void> {
    for (const consumer of consumers) {
      if (this.heard.has(consumer.producer)) continue;
      const heard: Heard = { consumer, packets: 0, bytes: 0, mark: 0, length: 0, sequence: 0, report: undefined };
      this.heard.set(consumer.producer, heard);
      const { encodings } = consumer.rtpParameters as { encodings: { ssrc: number }[] };
      for (const { ssrc } of encodings) this.#bySsrc.set(ssrc, heard);
    }
    const watched = consumers.map(({ id }) => ({ id, isPaused: false }));
    await Promise.all([this.#start('receive'), this.#ask({ do: 'watch', peer: this.id, consumers: watched })]);
  }

  #report(): void {
    const reports = [...this.#bySsrc].map(([ssrc, { sequence, report }]) => {
      const dlsr = report ? Math.round(((performance.now() - report.at) / 1_000) * 65_536) : 0;
      const fractionLost = Math.round(this.lossToReport * 255);
      return new RtcpReceiverInfo({
        ssrc,
        fractionLost,
        packetsLost: 0,
        highestSequence: sequence,
        jitter: 0,
        lsr: report?.lsr ?? 0,
        dlsr,
      });
    });
    if (reports.length > 0) this.receive.sendRtcp(new RtcpRrPacket({ ssrc: 1, reports }));
  }

  #start(which: 'send' | 'receive'): Promise<void> {
    const connect = async (transport: WebRtcTransport): Promise<void> => {
      const told = this.#ask({ do: 'connect', peer: this.id, transport: transport.id, dtlsParameters: transport.dtlsParameters });
      await Promise.all([told, transport.start()]);
    };
    if (which === 'send') return (this.#sendStarted ??= connect(this.send));
    return (this.#receiveStarted ??= connect(this.receive));
  }

  #pump(sending: Sending): void {
    const { source, mark } = sending;
    const { codecs, encodings } = sending.rtpParameters;
    const isPicture = isVideo(source);
    const [codec] = codecs;
    const everyMs = isPicture ? 40 : 20;
    sending.timer = setInterval(() => {
      const count = sending.count++;
      const isKey = isPicture && (this.#needsKeyFrame || count === 0);
      if (isPicture) this.#needsKeyFrame = false;
      const timestamp = (count * everyMs * (codec?.clockRate ?? 0)) / 1_000;
      for (const [layer, { ssrc }] of encodings.entries()) {
        const payload = isPicture ? frameOf(codec?.mimeType, count, isKey, 200 * 4 ** layer, mark) : Buffer.alloc(60, mark);
        const header = new RtpHeader({
          payloadType: codec?.payloadType ?? 0,
          sequenceNumber: count & 0xffff,
          timestamp,
          ssrc,
          marker: true,
        });
        if (!isPicture) {
          header.extension = true;
          header.extensions = [{ id: AUDIO_LEVEL.id, payload: Buffer.of(0x80 | this.audioLevel) }];
        }
        this.send.sendRtp(payload, header);
        if (count % 12 === 0) this.send.sendRtcp(senderReport(ssrc, timestamp, count));
      }
    }, everyMs);
  }
}

function frameOf(mimeType: string | undefined, count: number, isKey: boolean, length: number, mark: number): Buffer {
  return mimeType === PICTURE_CODECS.H264.mimeType ? h264Frame(isKey, length, mark) : vp8Frame(count, isKey, length, mark);
}

/** RFC 6184 5.6: one NAL unit a packet: a sequence parameter set, which begins what can be decoded by itself, or a slice. */
function h264Frame(isKey: boolean, length: number, mark: number): Buffer {
  const frame = Buffer.alloc(Math.max(20, Math.min(length, 1_100)), mark);
  frame[0] = isKey ? 0x67 : 0x41;
  return frame;
}

/** RFC 7741: descriptor with a picture id, then a frame of one packet. */
function vp8Frame(count: number, isKey: boolean, length: number, mark: number): Buffer {
  const frame = Buffer.alloc(Math.max(20, Math.min(length, 1_100)), mark);
  frame.set([0x90, 0x80, 0x80 | ((count >> 8) & 0x7f), count & 0xff], 0);
  if (isKey) frame.set([0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01], 4);
  else frame.set([0x11, 0, 0], 4);
  return frame;
}

function senderReport(ssrc: number, rtpTimestamp: number, packetCount: number): RtcpSrPacket {
  const now = Date.now() / 1_000 + 2_208_988_800;
  const seconds = Math.floor(now);
  const ntpTimestamp = (BigInt(seconds) << 32n) | BigInt(Math.floor((now - seconds) * 2 ** 32));
  return new RtcpSrPacket({
    ssrc,
    senderInfo: new RtcpSenderInfo({ ntpTimestamp, rtpTimestamp, packetCount, octetCount: packetCount * 60 }),
  });
}
