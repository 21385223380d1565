/**
 * Who is turned away before anything is asked or opened: too many new calls from one source, and everybody while this process is behind. Sources that trunks name are not
 * counted. Pure memory, bounded; made by the application.
 */
import { performance } from 'node:perf_hooks';
import { countedAddress } from '../../src/base/address.ts';

export type Guarded = { readonly ok: true } | { readonly ok: false; readonly status: 503 | 429 | 480; readonly retryAfterSec: number };

interface Bucket {
  tokens: number;
  at: number;
}

export interface GuardLimits {
  /** New calls of one address: at once, and refilled each second. */
  readonly burst: number;
  readonly perSec: number;
  /** How long the event loop may be behind before new calls are refused. */
  readonly lagMs: number;
}

const MAX_SOURCES = 20_000;
const TICK_MS = 50;

export class Guards {
  readonly #limits: GuardLimits;
  readonly #sources = new Map<string, Bucket>();
  readonly #timer: NodeJS.Timeout;
  #tickAt = performance.now();
  #lagMs = 0;
  isDraining = false;

  constructor(limits: GuardLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  get lagMs(): number {
    return this.#lagMs;
  }

  newCall(source: string, isTrusted: boolean): Guarded {
    if (this.isDraining) return { ok: false, status: 503, retryAfterSec: 1 };
    if (this.#lagMs > this.#limits.lagMs) return { ok: false, status: 503, retryAfterSec: 5 };
    if (isTrusted) return { ok: true };
    const now = performance.now();
    const { burst, perSec } = this.#limits;
    const address = countedAddress(source);
    let bucket = this.#sources.get(address);
    if (!bucket) {
      if (this.#sources.size >= MAX_SOURCES) this.#sources.clear();
      this.#sources.set(address, (bucket = { tokens: burst, at: now }));
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSec);
    bucket.at = now;
    if (bucket.tokens < 1) return { ok: false, status: 503, retryAfterSec: 10 };
    bucket.tokens--;
    return { ok: true };
  }

  /** How late ticks come, smoothed upwards at once and downwards slowly. */
  #tick(): void {
    const now = performance.now();
    const late = Math.max(0, now - this.#tickAt - TICK_MS);
    this.#tickAt = now;
    this.#lagMs = Math.max(late, this.#lagMs * 0.7);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
