/**
 * How busy a process is, and when it is too much: no share of time alone, for a loop may be busy and in time, nor lateness alone, for anything may be late once.
 * Busy and so late that it is heard, for seconds on end: then no new leg is taken, so that those that stand go on. One per process.
 */
const CHECK_MS = 50;
const SECOND_MS = 1_000;
const BUSY = 0.92;
/** So late is heard by everybody. */
export const HEARD_LATE_MS = 100;
const SECONDS = 3;
const ALL_BUT_FULL = 0.99;

export class Load {
  readonly #timer: NodeJS.Timeout;
  #share = 0;
  #busy = performance.eventLoopUtilization();
  #secondAt = performance.now();
  #checkedAt = performance.now();
  #latestMs = 0;
  #badSeconds = 0;

  readonly #mostLateMs: number;

  constructor(mostLateMs: number) {
    this.#mostLateMs = mostLateMs;
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** How busy it was in the last second, 0 to 1; 1 says that it is too much, and nothing else does. */
  get share(): number {
    return this.isTooMuch ? 1 : Math.min(this.#share, ALL_BUT_FULL);
  }

  get isTooMuch(): boolean {
    return this.#badSeconds >= SECONDS;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const now = performance.now();
    this.#latestMs = Math.max(this.#latestMs, now - this.#checkedAt - CHECK_MS);
    this.#checkedAt = now;
    if (now - this.#secondAt < SECOND_MS) return;
    this.#secondAt = now;
    const busy = performance.eventLoopUtilization();
    this.#share = performance.eventLoopUtilization(busy, this.#busy).utilization;
    this.#badSeconds = this.#share > BUSY && this.#latestMs > this.#mostLateMs ? this.#badSeconds + 1 : 0;
    this.#busy = busy;
    this.#latestMs = 0;
  }
}
