/**
 * How often a reader asks for what is new. A read that finds one entry costs nearly what one costs that finds ten, so under load reads are
 * spaced and entries gather; a few reads in a row go without any pause, so that a server with little to do answers at once (an offer
 * that follows the event before it by a millisecond must not wait for others). Created by each reader of logs.
 */
const EVERY_MS = 5;
/** Reads that may follow each other at once after a quiet while. */
const BURST = 8;

export class ReadPace {
  #left = BURST;
  #at = performance.now();

  /** Takes the next read; how long it has to wait, in ms. */
  take(): number {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + (now - this.#at) / EVERY_MS) - 1;
    this.#at = now;
    return Math.max(0, -this.#left * EVERY_MS);
  }
}
