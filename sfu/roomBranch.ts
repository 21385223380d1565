/**
 * A room on one worker: a router, and which of those who send to it is the loudest. Made by `MediaRoom` for its home, and for each worker more that it spreads to; ended by
 * `close`, or by the death of its worker (`lost`). What is sent on another branch is piped here once, when somebody here receives it.
 */
import { EventEmitter } from 'node:events';
import type { AudioLevelObserver, Consumer, Producer, Router, RouterDump, WebRtcTransport } from 'mediasoup/types';
import { MEDIA_CODECS } from './codecs.ts';
import type { SfuLoad } from './placement.ts';
import type { SfuWorker } from './workers.ts';

export interface RoomBranchEvents {
  /** `loudest` is another, or as loud as it was no more. */
  loudest: [];
  /** The worker died: all of it is gone. */
  lost: [];
}

/** Without an answer to STUN for so long a link is down (RFC 7675 says 30 s at most; browsers ask every 2.5 to 5 s). */
const CONSENT_SEC = 10;
const FIRST_BITRATE = 1_000_000;
/** dBov: quieter is not speech. */
const SPEECH_DBOV = -55;
const SPEAKER_EVERY_MS = 500;

export class RoomBranch extends EventEmitter<RoomBranchEvents> {
  readonly slot: SfuWorker;
  readonly router: Router;
  /** Peers on it, and those being put there. */
  peers = 0;
  readonly #levels: AudioLevelObserver;
  /** By producer. */
  readonly #pipes = new Map<string, Promise<void>>();
  #loudest: { readonly producerId: string; readonly dBov: number } | undefined;

  private constructor(slot: SfuWorker, router: Router, levels: AudioLevelObserver) {
    super();
    this.slot = slot;
    this.router = router;
    this.#levels = levels;
    this.count('rooms', 1);
    router.observer.once('close', () => this.count('rooms', -1));
    router.once('workerclose', () => this.emit('lost'));
    levels.on('volumes', ([first]) => this.#hear(first && { producerId: first.producer.id, dBov: first.volume }));
    levels.on('silence', () => this.#hear(undefined));
  }

  /** @throws Error of mediasoup: the worker died meanwhile */
  static async create(slot: SfuWorker): Promise<RoomBranch> {
    const router = await slot.worker.createRouter({ mediaCodecs: MEDIA_CODECS });
    const levels = await router.createAudioLevelObserver({ maxEntries: 1, threshold: SPEECH_DBOV, interval: SPEAKER_EVERY_MS });
    return new RoomBranch(slot, router, levels);
  }

  get loudest(): { readonly producerId: string; readonly dBov: number } | undefined {
    return this.#loudest;
  }

  /** Closed, or its worker is dead. */
  get isClosed(): boolean {
    return this.router.closed;
  }

  count(what: keyof SfuLoad, change: 1 | -1): void {
    this.slot.load[what] += change;
  }

  async createTransport(maxIncomingBitrate?: number): Promise<WebRtcTransport> {
    const transport = await this.router.createWebRtcTransport({
      webRtcServer: this.slot.webRtcServer,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      iceConsentTimeout: CONSENT_SEC,
      initialAvailableOutgoingBitrate: FIRST_BITRATE,
    });
    if (maxIncomingBitrate !== undefined) await transport.setMaxIncomingBitrate(maxIncomingBitrate);
    return transport;
  }

  /** A producer of this branch; from now on it is listened to for who speaks. */
  async listenTo(producerId: string): Promise<void> {
    await this.#levels.addProducer({ producerId });
  }

  /** What `from` produces can be consumed here under the same id. @throws Error of mediasoup: it was closed meanwhile */
  bring(producerId: string, from: RoomBranch): Promise<void> {
    if (from === this) return Promise.resolve();
    const piped = this.#pipes.get(producerId) ?? this.#pipe(producerId, from);
    this.#pipes.set(producerId, piped);
    return piped;
  }

  /** What the worker holds of it. */
  dump(): Promise<RouterDump> {
    return this.router.dump();
  }

  close(): void {
    this.router.close();
  }

  async #pipe(producerId: string, from: RoomBranch): Promise<void> {
    try {
      const { pipeConsumer, pipeProducer } = await from.router.pipeToRouter({ producerId, router: this.router, enableSctp: false });
      if (!pipeConsumer || !pipeProducer) throw new Error('nothing was piped');
      follow(pipeConsumer, pipeProducer);
      from.count('pipes', 1);
      pipeConsumer.observer.once('close', () => {
        from.count('pipes', -1);
        this.#pipes.delete(producerId);
      });
    } catch (error) {
      this.#pipes.delete(producerId);
      throw error;
    }
  }

  #hear(loudest: { readonly producerId: string; readonly dBov: number } | undefined): void {
    this.#loudest = loudest;
    this.emit('loudest');
  }
}

/** As mediasoup does it, but that a worker which dies in between ends the room, and not, by a rejection that nobody takes, the process. */
function follow(consumer: Consumer, producer: Producer): void {
  consumer.observer.removeAllListeners('pause').on('pause', () => producer.pause().catch(() => undefined)); // The room is lost with its worker.
  consumer.observer.removeAllListeners('resume').on('resume', () => producer.resume().catch(() => undefined));
}
