/**
 * The media of one entry into a room: both transports, what is sent, what is received. Created by `RoomClient` for each `join`, thrown away with it.
 * `send` and `sync` are told how things should be, not what to do, and may be told again; both work one after the other.
 * Guarantees after `close`: no transport, producer or consumer is left, and `onLost` is silent.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import { Device, type types } from 'mediasoup-client';
import type { Joined, MediaSource, RoomConsumer, RoomView, VideoCommand } from '../socket/wire.ts';
import { codeOf } from './errors.ts';

/** What is received of somebody. */
export interface RemoteTrack {
  /** Of the consumer. */
  readonly id: string;
  readonly producer: string;
  readonly peer: string;
  readonly source: MediaSource;
  readonly stream: MediaStream;
}

export interface RoomMediaPorts {
  ask(body: VideoCommand): Promise<unknown>;
  /** The way to the room cannot be mended from within. */
  onLost(why: string): void;
}

/** coming: for the first time. down: until it is mended, or given up. What nothing goes through needs no connection. */
export type MediaLink = 'coming' | 'up' | 'down';

type Send = { readonly track: MediaStreamTrack | undefined; readonly isPaused: boolean };

/** A connection that is disturbed for longer is given up. */
const MEND_WITHIN_MS = 8_000;
const LAYERS: types.RtpEncodingParameters[] = [
  { rid: 'r0', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
  { rid: 'r1', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
  { rid: 'r2', scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T3' },
];
const SCREEN_LAYERS: types.RtpEncodingParameters[] = [{ maxBitrate: 2_500_000 }];

/** What this browser can, by what the room's router can. */
export async function deviceFor(routerRtpCapabilities: unknown): Promise<Device> {
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities: routerRtpCapabilities as types.RtpCapabilities });
  return device;
}

export class RoomMedia {
  readonly #peer: string;
  readonly #device: Device;
  readonly #ports: RoomMediaPorts;
  readonly #send: types.Transport;
  readonly #receive: types.Transport;
  readonly #producers = new Map<MediaSource, types.Producer>();
  readonly #wanted = new Map<MediaSource, Send>();
  readonly #consumers = new Map<string, { readonly consumer: types.Consumer; readonly remote: RemoteTrack }>();
  readonly #tracks = signal<readonly RemoteTrack[]>([]);
  readonly #link = signal<MediaLink>('up');
  readonly #mendTimers = new Map<string, ReturnType<typeof setTimeout>>();
  #room: RoomView | undefined;
  #sending: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(device: Device, peer: string, joined: Joined, ports: RoomMediaPorts) {
    this.#peer = peer;
    this.#device = device;
    this.#ports = ports;
    const { iceServers } = joined;
    this.#send = device.createSendTransport({ ...(joined.send as types.TransportOptions), iceServers: iceServers as RTCIceServer[] });
    this.#receive = device.createRecvTransport({ ...(joined.receive as types.TransportOptions), iceServers: iceServers as RTCIceServer[] });
    for (const transport of [this.#send, this.#receive]) this.#tend(transport);
    this.#send.on('produce', ({ rtpParameters, appData }, done, failed) => {
      const { source, isPaused } = appData as { source: MediaSource; isPaused: boolean };
      const produce = { do: 'produce' as const, peer, transport: this.#send.id, source, isPaused };
      ports
        .ask({ ...produce, rtpParameters: rtpParameters as unknown as Extract<VideoCommand, { do: 'produce' }>['rtpParameters'] })
        .then((answer) => done({ id: (answer as { producer: string }).producer }), failed);
    });
  }

  get link(): ReadonlySignal<MediaLink> {
    return this.#link;
  }

  get tracks(): ReadonlySignal<readonly RemoteTrack[]> {
    return this.#tracks;
  }

  /** That of a source is to be sent so; without a track nothing is. */
  send(source: MediaSource, track: MediaStreamTrack | undefined, isPaused: boolean): Promise<void> {
    this.#wanted.set(source, { track, isPaused });
    this.#sending = this.#sending.then(() => this.#bring(source)).catch((error: unknown) => this.#failed(error));
    return this.#sending;
  }

  /** Receives what the room shows, and no more. `ready` came with the answer to `join`. */
  sync(room: RoomView, ready: readonly RoomConsumer[] = []): Promise<void> {
    this.#room = room;
    this.#syncing = this.#syncing.then(() => this.#follow(ready)).catch((error: unknown) => this.#failed(error));
    return this.#syncing;
  }

  /** VID-7: the network changed. */
  restartIce(): void {
    for (const transport of [this.#send, this.#receive]) void this.#restart(transport);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#mendTimers.values()) clearTimeout(timer);
    this.#send.close();
    this.#receive.close();
    this.#producers.clear();
    this.#consumers.clear();
    this.#tracks.value = [];
  }

  async #bring(source: MediaSource): Promise<void> {
    const wanted = this.#wanted.get(source);
    if (!wanted || this.#isClosed) return;
    const { track } = wanted;
    const producer = this.#producers.get(source);
    if (!producer) {
      if (track && track.readyState === 'live') await this.#produce(source, track, wanted.isPaused);
      return;
    }
    if (!track && (source === 'screen' || source === 'screenAudio')) {
      this.#producers.delete(source);
      producer.close();
      await this.#ports.ask({ do: 'stop', peer: this.#peer, producer: producer.id });
      return;
    }
    const isPaused = wanted.isPaused || !track;
    // The others hear of a pause before the picture is taken away, and of its end after there is one again.
    if (isPaused && !producer.paused) await this.#pause(producer, true);
    if (track && producer.track !== track) await producer.replaceTrack({ track });
    if (!track && producer.track) await producer.replaceTrack({ track: null });
    if (!isPaused && producer.paused) await this.#pause(producer, false);
  }

  async #produce(source: MediaSource, track: MediaStreamTrack, isPaused: boolean): Promise<void> {
    const isPicture = track.kind === 'video';
    const vp8 = this.#device.sendRtpCapabilities.codecs?.find(({ mimeType }) => mimeType.toLowerCase() === 'video/vp8');
    const producer = await this.#send.produce({
      track,
      stopTracks: false,
      appData: { source, isPaused },
      ...(isPicture && { encodings: source === 'camera' ? LAYERS : SCREEN_LAYERS, codecOptions: { videoGoogleStartBitrate: 800 } }),
      ...(isPicture && vp8 && { codec: vp8 }),
      ...(!isPicture && { codecOptions: { opusDtx: true, opusFec: true, opusStereo: source === 'screenAudio' } }),
    });
    if (isPaused) producer.pause();
    this.#producers.set(source, producer);
  }

  async #pause(producer: types.Producer, isPaused: boolean): Promise<void> {
    if (isPaused) producer.pause();
    else producer.resume();
    await this.#ports.ask({ do: 'pause', peer: this.#peer, producer: producer.id, isPaused });
  }

  async #follow(ready: readonly RoomConsumer[]): Promise<void> {
    if (this.#isClosed || !this.#room) return;
    const others = this.#room.peers.filter(({ id }) => id !== this.#peer);
    const shown = new Set(others.flatMap(({ producers }) => producers.map(({ id }) => id)));
    for (const [producer, { consumer }] of this.#consumers) {
      if (shown.has(producer)) continue;
      this.#consumers.delete(producer);
      consumer.close();
    }
    for (const given of ready) await this.#take(given);
    const lacking = [...shown].filter((producer) => !this.#consumers.has(producer));
    if (lacking.length > 0) {
      const rtpCapabilities = this.#device.recvRtpCapabilities as unknown as Joined['rtpCapabilities'];
      const answer = await this.#ports.ask({ do: 'consume', peer: this.#peer, producers: lacking.slice(0, 40), rtpCapabilities });
      for (const given of (answer as { consumers: RoomConsumer[] }).consumers) await this.#take(given);
    }
    this.#tracks.value = [...this.#consumers.values()].map(({ remote }) => remote);
  }

  async #take({ id, producer, peer, source, kind, rtpParameters }: RoomConsumer): Promise<void> {
    if (this.#isClosed || this.#consumers.has(producer)) return;
    // One stream per source: sound is not held back to meet a picture that comes late or not at all.
    const streamId = `${peer}-${source}`;
    const options = { id, producerId: producer, kind, rtpParameters: rtpParameters as types.RtpParameters, streamId };
    const consumer = await this.#receive.consume(options);
    this.#consumers.set(producer, { consumer, remote: { id, producer, peer, source, stream: new MediaStream([consumer.track]) } });
    if (kind === 'audio') await this.#ports.ask({ do: 'watch', peer: this.#peer, consumers: [{ id, isPaused: false }] });
  }

  #tend(transport: types.Transport): void {
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      const parameters = dtlsParameters as Extract<VideoCommand, { do: 'connect' }>['dtlsParameters'];
      this.#ports.ask({ do: 'connect', peer: this.#peer, transport: transport.id, dtlsParameters: parameters }).then(done, failed);
    });
    transport.on('connectionstatechange', (state) => {
      if (this.#isClosed) return;
      this.#look();
      if (state === 'connected') {
        clearTimeout(this.#mendTimers.get(transport.id));
        this.#mendTimers.delete(transport.id);
      } else if (state === 'disconnected' || state === 'failed') {
        this.#giveUpLater(transport);
        void this.#restart(transport);
      }
    });
  }

  #look(): void {
    const states = [this.#send.connectionState, this.#receive.connectionState];
    const isDown = states.some((state) => state === 'disconnected' || state === 'failed');
    this.#link.value = isDown ? 'down' : states.includes('connecting') ? 'coming' : 'up';
  }

  #giveUpLater(transport: types.Transport): void {
    if (this.#mendTimers.has(transport.id)) return;
    this.#mendTimers.set(
      transport.id,
      setTimeout(() => this.#ports.onLost('transport'), MEND_WITHIN_MS),
    );
  }

  async #restart(transport: types.Transport): Promise<void> {
    if (this.#isClosed || transport.connectionState === 'new') return;
    try {
      const answer = await this.#ports.ask({ do: 'restartIce', peer: this.#peer, transport: transport.id });
      if (this.#isClosed) return;
      await transport.restartIce({ iceParameters: (answer as { iceParameters: types.IceParameters }).iceParameters });
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    console.debug('centralino: media of the call', error);
    this.#ports.onLost(codeOf(error));
  }
}
