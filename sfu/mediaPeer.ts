/**
 * One peer's media in a room: a transport each way, what it sends, what it is sent. Created by `MediaRoom.add`, ended by `close` (of its own, or the room's).
 * Every id that comes from outside is looked up here, among this peer's own: another's is not found. Closing order: transports; with them mediasoup
 * closes producers and consumers, also those that others have of them.
 */
import { EventEmitter } from 'node:events';
import type { Consumer, IceParameters, MediaKind, Producer, RtpCapabilities, WebRtcTransport } from 'mediasoup/types';
import { AppError } from '../src/base/errors.ts';
import type { Bounds } from './estimateLift.ts';
import { layerFor, priorityOf } from './layers.ts';
import { asRefusal, readDtlsParameters, readRtpCapabilities, readRtpParameters } from './parameters.ts';
import type { RoomBranch } from './roomBranch.ts';

/** What a peer needs to make its end of a transport. */
export type TransportOptions = {
  readonly id: string;
  readonly iceParameters: IceParameters;
  readonly iceCandidates: WebRtcTransport['iceCandidates'];
  readonly dtlsParameters: WebRtcTransport['dtlsParameters'];
};

/** new: nothing was connected yet. up: at least one way. down: what was connected is no more. */
export type Link = 'new' | 'up' | 'down';

export interface MediaPeerEvents {
  link: [Link];
  /** A producer came, went, or was paused. */
  producers: [];
  closed: [];
}

export interface Sent {
  readonly source: string;
  readonly producer: Producer;
}

/** VID-8: what of a picture goes over a link. lowest: of its layers that one. */
export type Allowance = 'all' | 'lowest' | 'none';

/** One producer of another peer, as this one receives it. */
export interface Received {
  readonly from: string;
  readonly source: string;
  readonly consumer: Consumer;
  /** Lines it is shown in; 0: unknown yet. */
  height: number;
  /** Not looked at. */
  isUnwatched: boolean;
  allowance: Allowance;
}

interface MediaPeerParts {
  readonly id: string;
  readonly branch: RoomBranch;
  readonly send: WebRtcTransport;
  readonly receive: WebRtcTransport;
}

const CONSUMERS_MAX = 16;

export class MediaPeer extends EventEmitter<MediaPeerEvents> {
  readonly id: string;
  /** Where its transports are. */
  readonly branch: RoomBranch;
  readonly send: WebRtcTransport;
  readonly receive: WebRtcTransport;
  readonly sent = new Map<string, Sent>();
  readonly received = new Map<string, Received>();
  /** Transports whose other end was told. */
  readonly #connected = new Set<string>();
  #rtpCapabilities: RtpCapabilities | undefined;
  #link: Link = 'new';
  #bounds: Bounds = { leastKbps: 0, mostKbps: 0 };
  #bounding: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor({ id, branch, send, receive }: MediaPeerParts) {
    super();
    this.id = id;
    this.branch = branch;
    this.send = send;
    this.receive = receive;
    for (const transport of [send, receive]) {
      transport.on('icestatechange', () => this.#look());
      transport.on('dtlsstatechange', () => this.#look());
      // The worker closed it, or is gone.
      transport.observer.once('close', () => this.close());
    }
  }

  get link(): Link {
    return this.#link;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get options(): { send: TransportOptions; receive: TransportOptions } {
    return { send: optionsOf(this.send), receive: optionsOf(this.receive) };
  }

  /** Once for each transport. The same again is done again without effect. @throws AppError not_found, invalid, wrong_state, gone */
  async connect(transportId: string, dtlsParameters: unknown): Promise<void> {
    const transport = this.#transport(transportId);
    const read = readDtlsParameters(dtlsParameters);
    // DTLS may be on its way before: ICE is sooner than this command.
    if (this.#connected.has(transportId)) throw new AppError('wrong_state', { detail: 'The transport is connected already.' });
    this.#connected.add(transportId);
    await asRefusal(() => transport.connect({ dtlsParameters: read }));
  }

  /** @throws AppError not_found, gone */
  async restartIce(transportId: string): Promise<IceParameters> {
    const transport = this.#transport(transportId);
    return asRefusal(() => transport.restartIce());
  }

  /** A second one of a source replaces the first. @throws AppError not_found, invalid, gone */
  async produce(
    transportId: string,
    { source, kind, rtpParameters, isPaused }: { source: string; kind: MediaKind; rtpParameters: unknown; isPaused: boolean },
  ): Promise<Sent> {
    if (this.#transport(transportId) !== this.send) throw new AppError('invalid', { detail: 'That transport receives.' });
    const read = readRtpParameters(kind, rtpParameters);
    // The one before goes first: a device change by a new producer may use the same SSRCs.
    for (const each of [...this.sent.values()]) if (each.source === source) each.producer.close();
    const producer = await asRefusal(() => this.send.produce({ kind, rtpParameters: read, paused: isPaused, keyFrameRequestDelay: 1_000 }));
    const sent: Sent = { source, producer };
    this.sent.set(producer.id, sent);
    this.branch.count('producers', 1);
    producer.observer.once('close', () => {
      this.sent.delete(producer.id);
      this.branch.count('producers', -1);
      this.emit('producers');
    });
    this.emit('producers');
    return sent;
  }

  /** @throws AppError not_found, gone */
  async pause(producerId: string, isPaused: boolean): Promise<void> {
    const { producer } = this.#sent(producerId);
    if (producer.paused === isPaused) return;
    await asRefusal(() => (isPaused ? producer.pause() : producer.resume()));
    this.emit('producers');
  }

  /** @throws AppError not_found */
  stop(producerId: string): void {
    this.#sent(producerId).producer.close();
  }

  /** What it can receive; the latest counts. @throws AppError invalid */
  receiveAs(given: unknown): void {
    this.#rtpCapabilities = readRtpCapabilities(given);
  }

  /** Paused until watched; once more gives the same. undefined: this peer cannot decode it. @throws AppError at_capacity, gone */
  async consume(from: MediaPeer, { source, producer }: Sent): Promise<Received | undefined> {
    const known = [...this.received.values()].find(({ consumer }) => consumer.producerId === producer.id);
    if (known) return known;
    const rtpCapabilities = this.#rtpCapabilities;
    if (!rtpCapabilities) throw new AppError('wrong_state', { detail: 'rtpCapabilities were not told.' });
    if (this.received.size >= CONSUMERS_MAX) throw new AppError('at_capacity', { detail: 'Too much is received at once.' });
    if (producer.closed) return undefined;
    const consumer = await asRefusal(async () => {
      await this.branch.bring(producer.id, from.branch);
      if (!this.branch.router.canConsume({ producerId: producer.id, rtpCapabilities })) return undefined;
      return this.receive.consume({ producerId: producer.id, rtpCapabilities, paused: true });
    });
    if (!consumer) return undefined;
    const received: Received = { from: from.id, source, consumer, height: 0, isUnwatched: true, allowance: 'all' };
    this.received.set(consumer.id, received);
    this.branch.count('consumers', 1);
    consumer.observer.once('close', () => {
      this.received.delete(consumer.id);
      this.branch.count('consumers', -1);
    });
    return received;
  }

  /** How it is shown. What this peer does not receive (any more) is passed over. @throws AppError gone */
  async watch(consumerId: string, { isPaused, height }: { isPaused: boolean; height?: number | undefined }): Promise<boolean> {
    const received = this.received.get(consumerId);
    if (!received) return false;
    received.isUnwatched = isPaused;
    if (height !== undefined) received.height = height;
    await asRefusal(async () => {
      if (received.consumer.kind === 'video' && height !== undefined) await setLayers(received);
      await applyPause(received);
    });
    return true;
  }

  /** VID-8: pictures only; audio is never taken away. */
  async allow(received: Received, allowance: Allowance): Promise<void> {
    if (received.consumer.kind === 'audio') return;
    received.allowance = allowance;
    await setLayers(received);
    await applyPause(received);
  }

  /** What is sent to it: no less than `leastKbps` as far as there is something to send, no more than `mostKbps`. */
  async bound(bounds: Bounds): Promise<void> {
    const { leastKbps, mostKbps } = bounds;
    if (leastKbps === this.#bounds.leastKbps && mostKbps === this.#bounds.mostKbps) return;
    this.#bounds = bounds;
    const before = this.#bounding;
    this.#bounding = (async () => {
      await before.catch(() => undefined); // Whoever asked for it was told.
      // mediasoup refuses what contradicts the other one.
      await this.receive.setMinOutgoingBitrate(0);
      await this.receive.setMaxOutgoingBitrate(mostKbps * 1_000);
      await this.receive.setMinOutgoingBitrate(leastKbps * 1_000);
    })();
    await this.#bounding;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.send.close();
    this.receive.close();
    this.emit('closed');
  }

  #transport(id: string): WebRtcTransport {
    if (id === this.send.id) return this.send;
    if (id === this.receive.id) return this.receive;
    throw new AppError('not_found', { detail: 'This peer has no such transport.' });
  }

  #sent(producerId: string): Sent {
    const sent = this.sent.get(producerId);
    if (!sent) throw new AppError('not_found', { detail: 'This peer sends no such thing.' });
    return sent;
  }

  #look(): void {
    if (this.#isClosed) return;
    const links = [this.send, this.receive].map(linkOf);
    const link = links.includes('up') ? 'up' : links.includes('down') ? 'down' : 'new';
    if (link === this.#link) return;
    this.#link = link;
    this.emit('link', link);
  }
}

function linkOf({ iceState, dtlsState }: WebRtcTransport): Link {
  if (iceState === 'disconnected' || iceState === 'closed' || dtlsState === 'failed' || dtlsState === 'closed') return 'down';
  return iceState === 'new' || dtlsState !== 'connected' ? 'new' : 'up';
}

async function applyPause({ consumer, isUnwatched, allowance }: Received): Promise<void> {
  const isPaused = isUnwatched || allowance === 'none';
  if (consumer.paused === isPaused) return;
  await (isPaused ? consumer.pause() : consumer.resume());
}

async function setLayers({ consumer, source, height, allowance }: Received): Promise<void> {
  const layers = layersOf(consumer);
  const wanted = height === 0 ? layers - 1 : layerFor(height, layers);
  if (layers > 1) await consumer.setPreferredLayers({ spatialLayer: allowance === 'all' ? wanted : 0 });
  await consumer.setPriority(priorityOf({ isScreen: source === 'screen', height }));
}

/** Spatial layers that a producer sends: mediasoup tells them as the mode of its one encoding. */
export function layersOf(consumer: Consumer): number {
  if (consumer.type !== 'simulcast') return 1;
  return Number(/^[LS]([1-9])/.exec(consumer.rtpParameters.encodings?.[0]?.scalabilityMode ?? '')?.[1] ?? 1);
}

function optionsOf({ id, iceParameters, iceCandidates, dtlsParameters }: WebRtcTransport): TransportOptions {
  return { id, iceParameters, iceCandidates, dtlsParameters };
}
