/**
 * The one stream a phone receives from us, whoever speaks in it: our SSRC, sequence numbers without a gap and timestamps that run with the time, over every
 * change between people, music and prompts. A phone so never hears of a change of source, which many take badly. One per leg. What the network
 * lost or reordered on the way to us stays visible, so that the phone's own concealment works.
 */
import { randomInt } from 'node:crypto';
import { type RtpPacket, sequenceAhead } from './packet.ts';

/** Of G.711, and by RFC 3551 4.5.2 of G.722 as well: timestamp units, and payload bytes, in a millisecond. */
export const UNITS_PER_MS = 8;
/** A sender that jumps further began anew, whatever its SSRC says. */
const LARGEST_JUMP = 1_000;
const DEFAULT_UNITS = 160;

export class OutgoingStream {
  readonly ssrc = randomInt(1, 2 ** 32);
  /** Of the packet that is being written; `writeHeader` takes them from here. */
  payloadType = 0;
  sequence = randomInt(2 ** 16);
  timestamp = randomInt(2 ** 32);
  isMarked = false;

  #source: unknown;
  #sourceSsrc = 0;
  #first = 0;
  #newest = 0;
  #sequenceShift = 0;
  #timestampShift = 0;
  #lastSequence = this.sequence;
  #lastTimestamp = this.timestamp;
  #lastUnits = DEFAULT_UNITS;
  #lastAt = -1;

  /**
   * The next packet is one that was received; `source` names where. `now` in ms.
   * @returns false: it comes from before the source began to be heard, and is to be dropped
   */
  relay(source: unknown, packet: RtpPacket, now: number): boolean {
    const ahead = sequenceAhead(packet.sequence, this.#newest);
    if (source !== this.#source || packet.ssrc !== this.#sourceSsrc || ahead > LARGEST_JUMP || ahead < -LARGEST_JUMP) {
      this.#begin(source, now);
      this.#sourceSsrc = packet.ssrc;
      this.#first = this.#newest = packet.sequence;
      this.#sequenceShift = this.sequence - packet.sequence;
      this.#timestampShift = this.timestamp - packet.timestamp;
    } else {
      if (ahead < 0 && sequenceAhead(packet.sequence, this.#first) < 0) return false;
      if (ahead > 0) this.#newest = packet.sequence;
      if (sequenceAhead(packet.sequence, this.#first) > LARGEST_JUMP) this.#first = (packet.sequence - LARGEST_JUMP) & 0xffff;
      this.sequence = (packet.sequence + this.#sequenceShift) & 0xffff;
      this.timestamp = (packet.timestamp + this.#timestampShift) >>> 0;
      this.isMarked = packet.isMarked;
    }
    if (sequenceAhead(this.sequence, this.#lastSequence) > 0) {
      this.#lastSequence = this.sequence;
      this.#lastTimestamp = this.timestamp;
      this.#lastUnits = Math.max(1, packet.payloadEnd - packet.payloadStart);
      this.#lastAt = now;
    }
    return true;
  }

  /** A packet of the source that is not passed on: the phone shall not take it for lost. */
  withhold(source: unknown, packet: RtpPacket): void {
    if (source !== this.#source || packet.ssrc !== this.#sourceSsrc || sequenceAhead(packet.sequence, this.#newest) !== 1) return;
    this.#newest = packet.sequence;
    this.#sequenceShift--;
  }

  /** The next packet is our own, `units` long, after `missed` units that were not sent in time. */
  produce(source: unknown, units: number, missed: number, now: number): void {
    if (source !== this.#source) this.#begin(source, now);
    else {
      this.sequence = (this.#lastSequence + 1) & 0xffff;
      this.timestamp = (this.#lastTimestamp + this.#lastUnits + missed) >>> 0;
      this.isMarked = missed > 0;
    }
    this.#lastSequence = this.sequence;
    this.#lastTimestamp = this.timestamp;
    this.#lastUnits = units;
    this.#lastAt = now;
  }

  /** RFC 4733 2.5.1.2: all packets of a key carry the time of its beginning; the time goes on when it is over. */
  produceAt(timestamp: number, isMarked: boolean): void {
    this.sequence = (this.#lastSequence + 1) & 0xffff;
    this.timestamp = timestamp;
    this.isMarked = isMarked;
    this.#lastSequence = this.sequence;
    this.#source = undefined;
  }

  /** What the timestamp of a packet sent now would be. */
  timestampAt(now: number): number {
    if (this.#lastAt < 0) return this.#lastTimestamp;
    return (this.#lastTimestamp + Math.max(this.#lastUnits, Math.round((now - this.#lastAt) * UNITS_PER_MS))) >>> 0;
  }

  #begin(source: unknown, now: number): void {
    this.#source = source;
    this.timestamp = this.timestampAt(now);
    this.sequence = (this.#lastSequence + 1) & 0xffff;
    this.isMarked = true;
  }
}
