/**
 * VID-8: how good one peer's link is, from what RTCP and mediasoup's bandwidth estimate say, and what is taken off a link too thin: mediasoup drops simulcast layers by itself,
 * we take away pictures, nobody takes away sound. `measure` asks the worker, `LinkJudge` is pure.
 */
import type { Consumer, ConsumerLayers, WebRtcTransportStat } from 'mediasoup/types';
import { assertNever } from '../src/base/errors.ts';
import { type Bounds, EstimateLift, type Look, TryWatch } from './estimateLift.ts';
import { type Allowance, layersOf, type MediaPeer, type Received } from './mediaPeer.ts';

export type LinkLevel = 'good' | 'fair' | 'poor' | 'bad';

export interface LinkSample {
  /** What the peer sends, what it is sent. */
  readonly sendKbps: number;
  readonly receiveKbps: number;
  /** Percent of the last RTCP interval, each way. */
  readonly sendLossPct: number;
  readonly receiveLossPct: number;
  /** Of the peer's report that this loss is from: the same as before, if none came since. */
  readonly report: string;
  readonly rttMs: number | undefined;
  /** What the link is thought to carry towards the peer, and how that looks just now; undefined: the peer does not tell. */
  readonly availableKbps: number | undefined;
  readonly look: Look | undefined;
  /** A watched picture comes in fewer layers than it is shown in; or in none, though its sender sends. */
  readonly hasFewerLayers: boolean;
  readonly hasNoLayer: boolean;
}

export interface Verdict {
  readonly level: LinkLevel;
  /** What pictures may take of the link. */
  readonly allowance: Allowance;
  readonly bounds: Bounds;
}

const FAIR = { lossPct: 3, rttMs: 300 } as const;
const POOR = { lossPct: 10, rttMs: 700 } as const;
/** Loss at which sound suffers, so that pictures have to go. */
const THIN_LOSS_PCT = 15;
/** Less carries sound, and no picture worth looking at. */
const THIN_KBPS = 90;
/**
 * In a row: reports of such loss, samples of so little, samples without a layer. One sample without a layer is a picture that begins; and mediasoup keeps pictures within its
 * estimate by itself, which falls too low when a link becomes narrow and needs seconds to rise again.
 */
const DROP_AFTER = { reports: 2, samples: 5, layerless: 2 } as const;
/** Samples in a row without loss that bring pictures back in their lowest layer; twice as many each time that this was too much. */
const BACK_AFTER = { least: 3, most: 30 } as const;
/** Sound and the lowest layer of a picture: where pictures are tried again they get so much whatever the estimate says, which stood still without them. */
const TRY_KBPS = 150;
/** In a row, reports without loss or clean looks, after which all layers may come. */
const GROW_AFTER = { reports: 2, looks: 4 } as const;
/** Below it there is no loss to speak of. */
const MENDED_LOSS_PCT = 5;

export class LinkJudge {
  /** In a row: reports of loss, reports of none; samples with too little room, without loss, without a layer. */
  #lossy = 0;
  #clear = 0;
  #narrow = 0;
  #calm = 0;
  #layerless = 0;
  #report = '';
  #backAfter: number = BACK_AFTER.least;
  #allowance: Allowance = 'all';
  #level: LinkLevel = 'good';
  /** While the lowest layer is tried. */
  #watch = new TryWatch(0);
  readonly #lift = new EstimateLift();

  /** More is sent than mediasoup would: looks are wanted, every 500 ms. */
  get isTrying(): boolean {
    return this.#allowance === 'lowest' || this.#lift.isRising;
  }

  judge(sample: LinkSample): Verdict {
    const { availableKbps, look } = sample;
    this.#count(sample);
    this.#allow(this.#next(), look);
    if (this.#allowance === 'all' && availableKbps !== undefined && look) this.#lift.sample(availableKbps, look);
    this.#level = this.#levelOf(sample);
    return this.#verdict();
  }

  look(look: Look): Verdict {
    if (this.#allowance === 'lowest') {
      this.#watch.look(look);
      if (this.#watch.isTooMuch) this.#allow('none', look);
      else if (this.#watch.looks.clean >= GROW_AFTER.looks) this.#allow('all', look);
    } else this.#lift.look(look);
    return this.#verdict();
  }

  #verdict(): Verdict {
    const bounds = this.#allowance === 'lowest' ? { leastKbps: TRY_KBPS, mostKbps: 0 } : this.#lift.bounds;
    return { level: this.#level, allowance: this.#allowance, bounds };
  }

  #count({ receiveLossPct, availableKbps, report, hasNoLayer }: LinkSample): void {
    // A browser reports on sound every five seconds: what it said once is no second sign.
    if (report !== this.#report) {
      this.#lossy = receiveLossPct >= THIN_LOSS_PCT ? this.#lossy + 1 : 0;
      this.#clear = receiveLossPct < MENDED_LOSS_PCT ? this.#clear + 1 : 0;
    }
    this.#report = report;
    const isNarrow = availableKbps !== undefined && availableKbps < THIN_KBPS;
    this.#narrow = isNarrow ? this.#narrow + 1 : 0;
    this.#calm = receiveLossPct < MENDED_LOSS_PCT ? this.#calm + 1 : 0;
    this.#layerless = hasNoLayer ? this.#layerless + 1 : 0;
  }

  #next(): Allowance {
    const isThin = this.#lossy >= DROP_AFTER.reports || this.#narrow >= DROP_AFTER.samples;
    switch (this.#allowance) {
      case 'all':
        return isThin ? 'none' : 'all';
      case 'none':
        // Without pictures the estimate stands still: only a try shows whether there is room again.
        return this.#calm >= this.#backAfter ? 'lowest' : 'none';
      case 'lowest':
        if (isThin) return 'none';
        return this.#clear >= GROW_AFTER.reports ? 'all' : 'lowest';
      default:
        return assertNever(this.#allowance);
    }
  }

  #allow(next: Allowance, look: Look | undefined): void {
    if (next === this.#allowance) return;
    if (next === 'all') {
      this.#backAfter = BACK_AFTER.least;
      if (look) this.#lift.begin(TRY_KBPS, look);
    } else if (next === 'none') {
      if (this.#allowance === 'lowest') this.#backAfter = Math.min(this.#backAfter * 2, BACK_AFTER.most);
      this.#lift.stop();
    } else this.#watch = new TryWatch(look?.lossPct ?? 0);
    this.#allowance = next;
    [this.#lossy, this.#clear, this.#narrow, this.#calm] = [0, 0, 0, 0];
  }

  #levelOf({ sendLossPct, receiveLossPct, rttMs = 0, hasFewerLayers }: LinkSample): LinkLevel {
    const lossPct = Math.max(sendLossPct, receiveLossPct);
    if (this.#allowance === 'none' || this.#layerless >= DROP_AFTER.layerless) return 'bad';
    if (this.#allowance === 'lowest' || hasFewerLayers || lossPct >= POOR.lossPct || rttMs >= POOR.rttMs) return 'poor';
    return lossPct >= FAIR.lossPct || rttMs >= FAIR.rttMs ? 'fair' : 'good';
  }
}

/** Four questions to the worker. undefined: the peer is gone, or nothing is connected yet. */
export async function measure(peer: MediaPeer): Promise<LinkSample | undefined> {
  if (peer.isClosed || peer.link === 'new') return undefined;
  const flowing = flowingTo(peer);
  const producer = [...peer.sent.values()].map(({ producer: one }) => one).find((one) => !one.paused);
  const [[send], [receive], produced, consumed] = await Promise.all([
    peer.send.getStats(),
    peer.receive.getStats(),
    producer?.getStats() ?? [],
    mostTelling(flowing)?.getStats() ?? [],
  ]);
  if (!send || !receive) return undefined;
  const sentOut = consumed.find(({ type }) => type === 'outbound-rtp');
  const rtts = [sentOut?.roundTripTime, produced[0]?.roundTripTime].filter((rtt) => rtt !== undefined && rtt > 0) as number[];
  const pictures = picturesTo(peer);
  return {
    sendKbps: Math.round(send.rtpRecvBitrate / 1_000),
    receiveKbps: Math.round(receive.rtpSendBitrate / 1_000),
    sendLossPct: Math.max(0, ...produced.map(({ fractionLost }) => percent(fractionLost))),
    receiveLossPct: percent(sentOut?.fractionLost ?? 0),
    // Two reports of the same loss differ in the round trip, which is measured in 65,536ths of a second (RFC 3550 6.4.1).
    report: `${sentOut?.ssrc} ${sentOut?.packetsLost} ${sentOut?.fractionLost} ${sentOut?.roundTripTime}`,
    rttMs: rtts.length > 0 ? Math.round(Math.max(...rtts)) : undefined,
    availableKbps: receive.availableOutgoingBitrate ? Math.round(receive.availableOutgoingBitrate / 1_000) : undefined,
    look: lookOf(peer, receive),
    hasFewerLayers: pictures.some(isBelowWanted),
    hasNoLayer: pictures.some(
      (consumer) => consumer.currentLayers === undefined && consumer.score.producerScores.some((score) => score > 0),
    ),
  };
}

/** One question to the worker. undefined: the peer is gone, or does not tell. */
export async function lookAt(peer: MediaPeer): Promise<Look | undefined> {
  if (peer.isClosed) return undefined;
  const [receive] = await peer.receive.getStats();
  return receive && lookOf(peer, receive);
}

function lookOf(peer: MediaPeer, { rtpPacketLossSent }: WebRtcTransportStat): Look | undefined {
  if (rtpPacketLossSent === undefined) return undefined;
  const pictures = picturesTo(peer);
  const layers = pictures.reduce((sum, { currentLayers }) => sum + rankOf(currentLayers), 0);
  return { lossPct: rtpPacketLossSent * 100, isThinned: pictures.some(isThinned), layers };
}

function flowingTo(peer: MediaPeer): Received[] {
  return [...peer.received.values()].filter(({ consumer }) => !consumer.paused && !consumer.producerPaused);
}

function picturesTo(peer: MediaPeer): Consumer[] {
  return flowingTo(peer).flatMap(({ consumer }) => (consumer.type === 'simulcast' ? [consumer] : []));
}

/** Sound is there also when pictures are not. */
function mostTelling(flowing: readonly Received[]): Consumer | undefined {
  return (flowing.find(({ consumer }) => consumer.kind === 'audio') ?? flowing[0])?.consumer;
}

function isBelowWanted(consumer: Consumer): boolean {
  const { currentLayers, preferredLayers, score } = consumer;
  if (!currentLayers) return false;
  const sent = score.producerScores.findLastIndex((one) => one > 0);
  const wanted = Math.min(preferredLayers?.spatialLayer ?? layersOf(consumer) - 1, sent);
  return currentLayers.spatialLayer < wanted;
}

function isThinned(consumer: Consumer): boolean {
  const { currentLayers, preferredLayers, score } = consumer;
  if (!score.producerScores.some((one) => one > 0)) return false;
  return isBelowWanted(consumer) || (currentLayers?.temporalLayer ?? 0) < (preferredLayers?.temporalLayer ?? 0);
}

/** Three frame rates at the most for each size. */
function rankOf(layers: ConsumerLayers | undefined): number {
  return layers ? layers.spatialLayer * 3 + (layers.temporalLayer ?? 0) + 1 : 0;
}

/** RTCP counts in 256ths. */
function percent(fractionLost: number): number {
  return Math.round((Math.min(255, Math.max(0, fractionLost)) / 256) * 1_000) / 10;
}
