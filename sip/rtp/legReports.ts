/**
 * What is counted and reported of a leg: receptions over changes of SSRC, packets sent, RTCP both ways (RFC 3550 6.4). One per leg. Intervals are about
 * 5 s with the RFC's randomness; the figures are cumulative and go into the call's record.
 */
import type { RtpPacket } from './packet.ts';
import type { Codec, LegStats, Quality } from './protocol.ts';
import { Reception } from './reception.ts';
import { ntpMiddle, parseRtcp, type ReportBlock, writeReport } from './rtcp.ts';

const INTERVAL_MS = 5_000;
const FRACTION = 65_536;
/** Half a second of talk: a share of less is chance. */
const TELLING_PACKETS = 25;
/** A round trip beyond is a mistake of somebody's clock. */
const LONGEST_TRIP_MS = 30_000;

export class LegReports {
  readonly #ssrc: number;
  readonly #cname: string;
  #reception: Reception | undefined;
  #past = { received: 0, lost: 0 };
  #packets = 0;
  #bytes = 0;
  #reportedPackets = 0;
  #dueAt = 0;
  #remoteReport: { readonly sentAt: number; readonly arrivedAt: number } | undefined;
  #roundTripMs: number | undefined;
  #remoteLost: number | undefined;
  /** 0 to 1, since the report of theirs before. */
  #remoteFraction = 0;
  #told = { received: 0, lost: 0 };

  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc;
    this.#cname = cname;
  }

  get stats(): LegStats {
    return {
      packetsReceived: this.#received,
      packetsLost: this.#lost,
      packetsSent: this.#packets,
      jitterMs: tenths(this.#reception?.jitterMs ?? 0),
      ...(this.#roundTripMs === undefined ? {} : { roundTripMs: tenths(this.#roundTripMs) }),
      ...(this.#remoteLost === undefined || this.#packets === 0
        ? {}
        : { remoteLossPct: Math.round((10_000 * Math.max(0, this.#remoteLost)) / this.#packets) / 100 }),
    };
  }

  /** Since it was taken before; undefined while too little came to say anything. */
  takeQuality(codec: Codec): Quality | undefined {
    const received = this.#received - this.#told.received;
    const lost = Math.max(0, this.#lost - this.#told.lost);
    if (received < TELLING_PACKETS) return undefined;
    this.#told = { received: this.#received, lost: this.#lost };
    return {
      ...(this.#roundTripMs === undefined ? {} : { rttMs: tenths(this.#roundTripMs) }),
      jitterMs: tenths(this.#reception?.jitterMs ?? 0),
      lossPct: tenths(100 * Math.max(lost / (received + lost), this.#remoteFraction)),
      packets: this.#received,
      codec,
    };
  }

  get #received(): number {
    return this.#past.received + (this.#reception?.received ?? 0);
  }

  get #lost(): number {
    return this.#past.lost + Math.max(0, this.#reception?.lost ?? 0);
  }

  count({ ssrc, sequence, timestamp }: RtpPacket, now: number): void {
    if (this.#reception?.ssrc === ssrc && this.#reception.count(sequence, timestamp, now)) return;
    if (this.#reception) {
      this.#past.received += this.#reception.received;
      this.#past.lost += Math.max(0, this.#reception.lost);
      this.#remoteReport = undefined;
    }
    this.#reception = new Reception(ssrc, sequence);
    this.#reception.count(sequence, timestamp, now);
  }

  sent(bytes: number): void {
    this.#packets++;
    this.#bytes += bytes;
  }

  isDue(now: number): boolean {
    return now >= this.#dueAt;
  }

  write(now: number, unixMs: number, timestamp: number, isBye = false): Buffer {
    this.#dueAt = now + INTERVAL_MS * (0.5 + Math.random());
    const hasSent = this.#packets > this.#reportedPackets;
    this.#reportedPackets = this.#packets;
    const reception = this.#reception;
    const last = this.#remoteReport;
    return writeReport({
      ssrc: this.#ssrc,
      cname: this.#cname,
      unixMs,
      isBye,
      sent: hasSent ? { timestamp, packets: this.#packets % 2 ** 32, bytes: this.#bytes % 2 ** 32 } : undefined,
      heard: reception && {
        ...reception.report(),
        ssrc: reception.ssrc,
        lastReport: last?.sentAt ?? 0,
        sinceLastReport: last ? Math.round(((now - last.arrivedAt) * FRACTION) / 1_000) >>> 0 : 0,
      },
    });
  }

  /** @returns false: it is not RTCP, or not of the one we hear */
  read(bytes: Buffer, now: number, unixMs: number): boolean {
    const messages = parseRtcp(bytes);
    const isOurs = messages?.some(
      ({ ssrc, blocks }) => ssrc === this.#reception?.ssrc || blocks.some((block) => block.ssrc === this.#ssrc),
    );
    if (!messages || !isOurs) return false;
    for (const { ssrc, sentAt, blocks } of messages) {
      if (sentAt !== undefined && ssrc === this.#reception?.ssrc) this.#remoteReport = { sentAt, arrivedAt: now };
      for (const block of blocks) if (block.ssrc === this.#ssrc) this.#readBlock(block, unixMs);
    }
    return true;
  }

  #readBlock(block: ReportBlock, unixMs: number): void {
    this.#remoteLost = block.lost;
    this.#remoteFraction = block.fractionLost / 256;
    if (block.lastReport === 0) return;
    const tripMs = (((ntpMiddle(unixMs) - block.lastReport - block.sinceLastReport) | 0) * 1_000) / FRACTION;
    if (tripMs >= 0 && tripMs < LONGEST_TRIP_MS) this.#roundTripMs = tripMs;
  }
}

const tenths = (value: number): number => Math.round(value * 10) / 10;
