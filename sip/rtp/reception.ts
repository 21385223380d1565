/**
 * What is counted of one sender (RFC 3550 6.4.1, A.1, A.3, A.8): how many packets should have come, how many did, how unevenly. One per SSRC that a leg
 * hears; a sender that changes its SSRC begins a new one, and the leg adds up.
 */
import { timestampAhead } from './packet.ts';

const WRAP = 2 ** 16;
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;
const UNITS_PER_MS = 8;

export interface ReceptionReport {
  /** 0 to 255: share lost since the report before. */
  readonly fractionLost: number;
  readonly lost: number;
  readonly highest: number;
  /** In timestamp units. */
  readonly jitter: number;
}

export class Reception {
  readonly ssrc: number;
  received = 0;
  #base: number;
  #highest: number;
  #cycles = 0;
  #jitter = 0;
  #lastTimestamp = 0;
  #lastArrival = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;

  constructor(ssrc: number, sequence: number) {
    this.ssrc = ssrc;
    this.#base = this.#highest = sequence;
  }

  /** @returns false: the sequence jumped so far that the sender must have begun anew */
  count(sequence: number, timestamp: number, arrivalMs: number): boolean {
    const ahead = (sequence - this.#highest + WRAP) % WRAP;
    if (ahead !== 0) {
      if (ahead < MAX_DROPOUT) {
        if (sequence < this.#highest) this.#cycles += WRAP;
        this.#highest = sequence;
      } else if (ahead <= WRAP - MAX_MISORDER) return false;
    }
    if (this.received++ > 0) {
      const apart = (arrivalMs - this.#lastArrival) * UNITS_PER_MS - timestampAhead(timestamp, this.#lastTimestamp);
      // Packets of one event share a timestamp, and a jump of the sender's clock is not jitter.
      if (apart > -8_000 && apart < 8_000) this.#jitter += (Math.abs(apart) - this.#jitter) / 16;
    }
    this.#lastTimestamp = timestamp;
    this.#lastArrival = arrivalMs;
    return true;
  }

  get jitterMs(): number {
    return this.#jitter / UNITS_PER_MS;
  }

  /** Duplicates can make it negative (RFC 3550 A.3). */
  get lost(): number {
    return this.#expected - this.received;
  }

  report(): ReceptionReport {
    const expected = this.#expected - this.#expectedBefore;
    const lost = expected - (this.received - this.#receivedBefore);
    this.#expectedBefore = this.#expected;
    this.#receivedBefore = this.received;
    return {
      fractionLost: expected === 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected)),
      lost: this.lost,
      highest: (this.#cycles + this.#highest) >>> 0,
      jitter: Math.round(this.#jitter),
    };
  }

  get #expected(): number {
    return this.#cycles + this.#highest - this.#base + 1;
  }
}
