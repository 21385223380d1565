/** A rate limit that lives in this process: `burst` at once, refilled at `perSec`. One per socket and kind. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #left: number;
  #at = performance.now();

  constructor({ burst, perSec }: { readonly burst: number; readonly perSec: number }) {
    this.#burst = burst;
    this.#perMs = perSec / 1_000;
    this.#left = burst;
  }

  /** Takes one, if there is one. */
  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) * this.#perMs);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Seconds until there is one again. */
  get retryAfterSec(): number {
    return Math.max(0, (1 - this.#left) / this.#perMs / 1_000);
  }
}
