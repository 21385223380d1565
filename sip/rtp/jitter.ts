/**
 * Evens out one sender's packets for a mix: samples are laid where their timestamps say, and read in steady steps behind them. The distance follows the
 * jitter that is seen (40 to 200 ms). What was lost is filled with the last sound, fading; a sender whose clock runs faster or slower is
 * followed by leaving out or waiting. One per leg that is mixed; relayed legs have none.
 */
import { timestampAhead } from './packet.ts';

const RATE_PER_MS = 8;
/** A power of two, 1 s. */
const SIZE = 8_192;
const MASK = SIZE - 1;
const CHUNK = 40;
const LEAST_MS = 40;
const MOST_MS = 200;
/** More than so much above the distance wanted is left out. */
const SURPLUS_MS = 60;
const FADE = 0.7;
/** A sender that jumps further began anew. */
const LARGEST_JUMP = 4_000;

export class JitterBuffer {
  readonly #samples = new Int16Array(SIZE);
  readonly #isFilled = new Uint8Array(SIZE / CHUNK + 1);
  readonly #lastFrame = new Int16Array(160);
  #readAt = 0;
  #writtenTo = 0;
  #isPlaying = false;
  #hasBegun = false;
  #wantedMs = LEAST_MS;
  #gain = 0;

  /** Samples of the packet with this timestamp. What is too late to be heard only makes the distance longer. */
  write(timestamp: number, samples: Int16Array): void {
    if (!this.#hasBegun || Math.abs(timestampAhead(timestamp, this.#writtenTo)) > LARGEST_JUMP) this.#restart(timestamp);
    const late = timestampAhead(this.#readAt, timestamp);
    if (this.#isPlaying && late > 0) {
      this.#wantedMs = Math.min(MOST_MS, this.#wantedMs + 20);
      if (late >= samples.length) return;
    }
    for (let index = 0; index < samples.length; index++) {
      const at = (timestamp + index) & MASK;
      this.#samples[at] = samples[index] as number;
      if (index % CHUNK === 0) this.#isFilled[(at / CHUNK) | 0] = 1;
    }
    const end = (timestamp + samples.length) >>> 0;
    if (timestampAhead(end, this.#writtenTo) > 0) this.#writtenTo = end;
  }

  /** The next samples in time. @returns false: there is nothing, the frame is silence */
  read(frame: Int16Array): boolean {
    const behindMs = timestampAhead(this.#writtenTo, this.#readAt) / RATE_PER_MS;
    if (!this.#isPlaying) {
      if (!this.#hasBegun || behindMs < this.#wantedMs) return this.#conceal(frame);
      this.#isPlaying = true;
    }
    if (behindMs <= 0) {
      this.#isPlaying = false;
      return this.#conceal(frame);
    }
    if (behindMs > this.#wantedMs + SURPLUS_MS) this.#forget(frame.length);
    this.#wantedMs = Math.max(LEAST_MS, this.#wantedMs - 0.02);
    if (!this.#isFilled[((this.#readAt & MASK) / CHUNK) | 0]) {
      this.#forget(frame.length);
      return this.#conceal(frame);
    }
    for (let index = 0; index < frame.length; index++) frame[index] = this.#samples[(this.#readAt + index) & MASK] as number;
    this.#forget(frame.length);
    this.#lastFrame.set(frame);
    this.#gain = 1;
    return true;
  }

  #conceal(frame: Int16Array): boolean {
    this.#gain *= FADE;
    if (this.#gain < 0.05) {
      frame.fill(0);
      return false;
    }
    for (let index = 0; index < frame.length; index++) frame[index] = (this.#lastFrame[index] as number) * this.#gain;
    return true;
  }

  #forget(count: number): void {
    for (let index = 0; index < count; index += CHUNK) this.#isFilled[(((this.#readAt + index) & MASK) / CHUNK) | 0] = 0;
    for (let index = 0; index < count; index++) this.#samples[(this.#readAt + index) & MASK] = 0;
    this.#readAt = (this.#readAt + count) >>> 0;
  }

  #restart(timestamp: number): void {
    this.#samples.fill(0);
    this.#isFilled.fill(0);
    this.#readAt = this.#writtenTo = timestamp;
    this.#hasBegun = true;
    this.#isPlaying = false;
  }
}
