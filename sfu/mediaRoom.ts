/**
 * A room's media on one worker: the router, the peers, who speaks. Created by `MediaRoom.create`, ended by `close`, or by the death of its worker (`lost`). Knows nothing
 * of conversations. A room of at most four peers never outgrows a worker, so there are no pipes between workers.
 * Closing order: peers, observer, router.
 */
import { EventEmitter } from 'node:events';
import type { AudioLevelObserver, Router, RouterDump, RtpCapabilities, WebRtcTransport } from 'mediasoup/types';
import { MEDIA_CODECS } from './codecs.ts';
import { MediaPeer } from './mediaPeer.ts';
import { asRefusal } from './parameters.ts';
import type { SfuWorker } from './workers.ts';

export interface MediaRoomEvents {
  /** VID-1: who speaks; undefined: nobody. */
  speaker: [string | undefined];
  /** The worker died: all of it is gone. */
  lost: [];
}

/** Without an answer to STUN for so long a link is down (RFC 7675 says 30 s at most; browsers ask every 2.5 to 5 s). */
const CONSENT_SEC = 10;
const FIRST_BITRATE = 1_000_000;
const FROM_PEER_MAX_BITRATE = 6_000_000;
/** dBov: quieter is not speech. */
const SPEECH_DBOV = -55;
const SPEAKER_EVERY_MS = 500;

export class MediaRoom extends EventEmitter<MediaRoomEvents> {
  readonly #slot: SfuWorker;
  readonly #router: Router;
  readonly #levels: AudioLevelObserver;
  readonly #peers = new Map<string, MediaPeer>();
  #speaker: string | undefined;
  #isClosed = false;

  private constructor(slot: SfuWorker, router: Router, levels: AudioLevelObserver) {
    super();
    this.#slot = slot;
    this.#router = router;
    this.#levels = levels;
    slot.load.rooms++;
    router.once('workerclose', () => {
      this.#end();
      this.emit('lost');
    });
    levels.on('volumes', ([loudest]) => this.#hear(loudest && this.#peerOf(loudest.producer.id)));
    levels.on('silence', () => this.#hear(undefined));
  }

  /** @throws AppError gone (the worker died meanwhile) */
  static async create(slot: SfuWorker): Promise<MediaRoom> {
    return asRefusal(async () => {
      const router = await slot.worker.createRouter({ mediaCodecs: MEDIA_CODECS });
      const levels = await router.createAudioLevelObserver({ maxEntries: 1, threshold: SPEECH_DBOV, interval: SPEAKER_EVERY_MS });
      return new MediaRoom(slot, router, levels);
    });
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#router.rtpCapabilities;
  }

  get workerPid(): number {
    return this.#slot.worker.pid;
  }

  /** Those there, by id. */
  get peers(): ReadonlyMap<string, MediaPeer> {
    return this.#peers;
  }

  /** Takes the place of the one with the same id. @throws AppError gone */
  async add(id: string): Promise<MediaPeer> {
    const [send, receive] = await asRefusal(() => Promise.all([this.#transport(FROM_PEER_MAX_BITRATE), this.#transport()]));
    const { load } = this.#slot;
    const peer = new MediaPeer({ id, router: this.#router, send, receive, count: (what, change) => void (load[what] += change) });
    load.peers++;
    this.#peers.get(id)?.close();
    this.#peers.set(id, peer);
    peer.once('closed', () => {
      load.peers--;
      if (this.#peers.get(id) === peer) this.#peers.delete(id);
      if (this.#speaker === id) this.#hear(undefined);
    });
    return peer;
  }

  /** From now on it is listened to for who speaks. */
  async listenTo(producerId: string): Promise<void> {
    await asRefusal(() => this.#levels.addProducer({ producerId }));
  }

  /** What the worker holds of it. */
  dump(): Promise<RouterDump> {
    return this.#router.dump();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#end();
    this.#router.close();
  }

  async #transport(maxIncomingBitrate?: number): Promise<WebRtcTransport> {
    const transport = await this.#router.createWebRtcTransport({
      webRtcServer: this.#slot.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      iceConsentTimeout: CONSENT_SEC,
      initialAvailableOutgoingBitrate: FIRST_BITRATE,
    });
    if (maxIncomingBitrate !== undefined) await transport.setMaxIncomingBitrate(maxIncomingBitrate);
    return transport;
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#slot.load.rooms--;
    for (const peer of [...this.#peers.values()]) peer.close();
  }

  #peerOf(producerId: string): string | undefined {
    return [...this.#peers.values()].find(({ sent }) => sent.has(producerId))?.id;
  }

  #hear(speaker: string | undefined): void {
    if (speaker === this.#speaker) return;
    this.#speaker = speaker;
    if (!this.#isClosed) this.emit('speaker', speaker);
  }
}
