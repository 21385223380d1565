/**
 * VID-8: how good one peer's link is, from what RTCP and mediasoup's bandwidth estimate say, and what is taken off a link too thin: mediasoup drops simulcast layers by itself,
 * we take away pictures, nobody takes away sound. `measure` asks the worker, `LinkJudge` is pure.
 */
import type { Consumer } from 'mediasoup/types';
import { layersOf, type MediaPeer, type Received } from './mediaPeer.ts';

export type LinkLevel = 'good' | 'fair' | 'poor' | 'bad';

export interface LinkSample {
  /** What the peer sends, what it is sent. */
  readonly sendKbps: number;
  readonly receiveKbps: number;
  /** Percent of the last RTCP interval, each way. */
  readonly sendLossPct: number;
  readonly receiveLossPct: number;
  readonly rttMs: number | undefined;
  /** What the link is thought to carry towards the peer; undefined: the peer does not tell. */
  readonly availableKbps: number | undefined;
  /** A watched picture comes in fewer layers than it is shown in; or in none, though its sender sends. */
  readonly hasFewerLayers: boolean;
  readonly hasNoLayer: boolean;
}

export interface Verdict {
  readonly level: LinkLevel;
  /** Pictures are off the link. */
  readonly isHeldBack: boolean;
}

const FAIR = { lossPct: 3, rttMs: 300 } as const;
const POOR = { lossPct: 10, rttMs: 700 } as const;
/** Loss at which sound suffers, so that pictures have to go. */
const THIN_LOSS_PCT = 15;
/** Less carries sound, and no picture worth looking at. */
const THIN_KBPS = 90;
/** Samples in a row: two bad ones take the pictures away, five good ones bring them back. */
const DROP_AFTER = 2;
const BACK_AFTER = 5;
/** Below it a link without pictures counts as mended. */
const MENDED_LOSS_PCT = 5;

export class LinkJudge {
  #thin = 0;
  #mended = 0;
  #layerless = 0;
  #isHeldBack = false;

  judge(sample: LinkSample): Verdict {
    const { receiveLossPct, availableKbps } = sample;
    const isThin = receiveLossPct >= THIN_LOSS_PCT || (availableKbps !== undefined && availableKbps < THIN_KBPS);
    this.#thin = isThin ? this.#thin + 1 : 0;
    this.#mended = !isThin && receiveLossPct < MENDED_LOSS_PCT ? this.#mended + 1 : 0;
    this.#layerless = sample.hasNoLayer ? this.#layerless + 1 : 0;
    if (!this.#isHeldBack && this.#thin >= DROP_AFTER) this.#isHeldBack = true;
    else if (this.#isHeldBack && this.#mended >= BACK_AFTER) this.#isHeldBack = false;
    return { level: this.#level(sample), isHeldBack: this.#isHeldBack };
  }

  #level({ sendLossPct, receiveLossPct, rttMs = 0, hasFewerLayers }: LinkSample): LinkLevel {
    const lossPct = Math.max(sendLossPct, receiveLossPct);
    // One sample without a layer is a picture that begins.
    if (this.#isHeldBack || this.#layerless >= DROP_AFTER) return 'bad';
    if (hasFewerLayers || lossPct >= POOR.lossPct || rttMs >= POOR.rttMs) return 'poor';
    return lossPct >= FAIR.lossPct || rttMs >= FAIR.rttMs ? 'fair' : 'good';
  }
}

/** Four questions to the worker. undefined: the peer is gone, or nothing is connected yet. */
export async function measure(peer: MediaPeer): Promise<LinkSample | undefined> {
  if (peer.isClosed || peer.link === 'new') return undefined;
  const flowing = [...peer.received.values()].filter(({ consumer }) => !consumer.paused && !consumer.producerPaused);
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
  const pictures = flowing.filter(({ consumer }) => consumer.type === 'simulcast').map(({ consumer }) => consumer);
  return {
    sendKbps: Math.round(send.rtpRecvBitrate / 1_000),
    receiveKbps: Math.round(receive.rtpSendBitrate / 1_000),
    sendLossPct: Math.max(0, ...produced.map(({ fractionLost }) => percent(fractionLost))),
    receiveLossPct: percent(sentOut?.fractionLost ?? 0),
    rttMs: rtts.length > 0 ? Math.round(Math.max(...rtts)) : undefined,
    availableKbps: receive.availableOutgoingBitrate ? Math.round(receive.availableOutgoingBitrate / 1_000) : undefined,
    hasFewerLayers: pictures.some(isBelowWanted),
    hasNoLayer: pictures.some(
      (consumer) => consumer.currentLayers === undefined && consumer.score.producerScores.some((score) => score > 0),
    ),
  };
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

/** RTCP counts in 256ths. */
function percent(fractionLost: number): number {
  return Math.round((Math.min(255, Math.max(0, fractionLost)) / 256) * 1_000) / 10;
}
