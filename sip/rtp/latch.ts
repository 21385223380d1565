/**
 * Where a leg's packets come from, and whether a packet is taken (symmetric RTP, RFC 7362 4). The signalled address is what the other side said; behind
 * NAT it sends from another one, which may change in a call. A stranger who sprays our ports must not get in, so: the signalled address always
 * wins; before the first packet somebody else is believed after a few packets in order; afterwards only who goes on with the same SSRC and
 * sequence (NAT rebinding), or another port of the same host, and only while the old source is silent. One per leg; pure, time is given.
 */
import { type RtpPacket, sequenceAhead } from './packet.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Three packets of 60 ms, and longer than a usual gap of the network. */
export const SILENT_MS = 400;
/** A new stream of the same host may replace the old one only after so long a silence. */
const GIVEN_UP_MS = 1_500;
const PACKETS_OF_SAME_HOST = 2;
const PACKETS_OF_STRANGER = 4;
/** Packets after which an unexpected source, that nobody disputed, is as good as the signalled one. */
const PACKETS_UNDISPUTED = 250;
/** Most packets that a rebinding may have swallowed, beyond the time that passed. */
const REBINDING_SLACK = 100;

interface Candidate extends Endpoint {
  readonly ssrc: number;
  readonly sequence: number;
  readonly inOrder: number;
}

export class Latch {
  #signalled: Endpoint | undefined;
  #source: Endpoint | undefined;
  #candidate: Candidate | undefined;
  #isSignalledSource = false;
  #taken = 0;
  #ssrc = 0;
  #sequence = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  get source(): Endpoint | undefined {
    return this.#source;
  }

  /** Sure enough to hear nobody else, until it falls silent. */
  get isSettled(): boolean {
    return this.#source !== undefined && (this.#isSignalledSource || this.#taken >= PACKETS_UNDISPUTED);
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  /** What the other side's SDP says now. Another address than before starts anew. */
  expect(signalled: Endpoint): void {
    if (this.#signalled?.address === signalled.address && this.#signalled.port === signalled.port) return;
    this.#signalled = signalled;
    this.#source = this.#candidate = undefined;
    this.#isSignalledSource = false;
    this.#taken = 0;
    this.#lastAt = Number.NEGATIVE_INFINITY;
  }

  /** A packet whose payload type was negotiated. @returns whether it is taken */
  admit(packet: RtpPacket, address: string, port: number, now: number): boolean {
    const source = this.#source;
    if (source?.port === port && source.address === address) return this.#take(packet, now);
    const signalled = this.#signalled;
    if (!signalled) return false;
    if (this.#isSilent(now) ? this.#isBelieved(packet, { address, port }, now) : this.#isOverruled(packet, { address, port }))
      return this.#move({ address, port }, packet, now);
    return false;
  }

  /** The settled source, whom the kernel checks: no address is looked at. */
  admitSettled(packet: RtpPacket, now: number): void {
    this.#take(packet, now);
  }

  #isSilent(now: number): boolean {
    return now - this.#lastAt >= SILENT_MS;
  }

  /** While another source is heard: only the signalled one may still come, and only with something new. */
  #isOverruled(packet: RtpPacket, from: Endpoint): boolean {
    if (this.#isSignalledSource || !isSame(from, this.#signalled)) return false;
    return packet.ssrc !== this.#ssrc || sequenceAhead(packet.sequence, this.#sequence) > 0;
  }

  #isBelieved(packet: RtpPacket, from: Endpoint, now: number): boolean {
    if (isSame(from, this.#signalled)) return true;
    if (!this.#source) {
      const isSameHost = from.address === this.#signalled?.address;
      return this.#inOrder(packet, from) >= (isSameHost ? PACKETS_OF_SAME_HOST : PACKETS_OF_STRANGER);
    }
    const ahead = sequenceAhead(packet.sequence, this.#sequence);
    if (packet.ssrc === this.#ssrc && ahead > 0 && ahead <= (now - this.#lastAt) / 10 + REBINDING_SLACK) return true;
    const isKnownHost = from.address === this.#source.address || from.address === this.#signalled?.address;
    if (!isKnownHost || now - this.#lastAt < GIVEN_UP_MS) return false;
    return this.#inOrder(packet, from) >= PACKETS_OF_STRANGER;
  }

  #inOrder(packet: RtpPacket, from: Endpoint): number {
    const last = this.#candidate;
    const goesOn = isSame(from, last) && last?.ssrc === packet.ssrc && packet.sequence === ((last.sequence + 1) & 0xffff);
    const inOrder = goesOn ? last.inOrder + 1 : 1;
    this.#candidate = { ...from, ssrc: packet.ssrc, sequence: packet.sequence, inOrder };
    return inOrder;
  }

  #move(source: Endpoint, packet: RtpPacket, now: number): true {
    this.#isSignalledSource = isSame(source, this.#signalled);
    this.#source = source;
    this.#candidate = undefined;
    this.#taken = 0;
    return this.#take(packet, now);
  }

  #take(packet: RtpPacket, now: number): true {
    this.#ssrc = packet.ssrc;
    this.#sequence = packet.sequence;
    this.#lastAt = now;
    this.#taken++;
    return true;
  }
}

const isSame = (a: Endpoint | undefined, b: Endpoint | undefined): boolean =>
  a !== undefined && b !== undefined && a.port === b.port && a.address === b.address;
