/**
 * Who may send how much (SPEC Safety). Created by Transports. Every source address has a budget of messages (spent before anything is parsed), one of new
 * requests, shared in part with its network, and one of faults; known trunks have none of these. Above them all stands the overload guard: while the
 * event loop is late, new requests are refused with 503, whoever sends them; what belongs to calls that stand always passes.
 *
 * An excess is answered 503 once a second and else with silence: an answer to each would let a forged source aim our answers at somebody.
 */
import { isV6Text, networkOf } from './address.ts';
import type { SipRequest } from './message.ts';
import { Recent } from './recent.ts';
import type { Clock } from './types.ts';

export interface Rate {
  readonly burst: number;
  readonly perSec: number;
}

export interface ThrottleLimits {
  /** Messages of one source, of every kind. */
  readonly messages: Rate;
  /** Requests of one source that begin something: without a To tag, and no ACK and no CANCEL. */
  readonly fresh: Rate;
  /** The same by network: /24, and /48 of IPv6. */
  readonly freshByPrefix: Rate;
  /** What cannot be parsed, and scanners; when spent, the source begins nothing for `blockMs`. */
  readonly faults: Rate;
  readonly blockMs: number;
  /** Event-loop delay, smoothed over about half a second, above which the guard closes, and below which it opens again, ms. */
  readonly lateMs: number;
  readonly calmMs: number;
}

export const THROTTLE_LIMITS: ThrottleLimits = {
  messages: { burst: 1_000, perSec: 400 },
  fresh: { burst: 100, perSec: 20 },
  freshByPrefix: { burst: 500, perSec: 100 },
  faults: { burst: 20, perSec: 0.2 },
  blockMs: 60_000,
  lateMs: 250,
  calmMs: 80,
};

/** Parts of User-Agent headers of the scanners that knock at every public SIP port. */
export const SCANNERS: readonly string[] = [
  'friendly-scanner',
  'sipvicious',
  'sipcli',
  'sip-scan',
  'sundayddr',
  'iwar',
  'pplsip',
  'vaxsip',
];

export interface ThrottleOptions {
  readonly clock: Clock;
  readonly limits?: ThrottleLimits;
  /** Addresses of trunks and of whoever else is known: only the overload guard holds for them. Asked again every few seconds. */
  readonly isKnown?: (source: string) => boolean;
  /** Overloaded for a reason that is not seen here, e.g. the application does not keep up. */
  readonly isOverloaded?: () => boolean;
  /** Lower case. */
  readonly scanners?: readonly string[];
}

export type Verdict = 'pass' | 'drop' | 'refuse';

interface Bucket {
  tokens: number;
  at: number;
}

interface Source {
  readonly messages: Bucket;
  readonly fresh: Bucket;
  readonly faults: Bucket;
  readonly refusals: Bucket;
  blockedUntil: number;
  isKnown: boolean;
  knownUntil: number;
}

/** A flood of forged sources costs memory for so many and no more. */
const KEPT = 50_000;
const ASK_AGAIN_MS = 2_000;
const SAMPLE_MS = 100;
const SMOOTHING = 0.3;
const REFUSALS: Rate = { burst: 1, perSec: 1 };
/** Seconds after which a refused far end should try again. */
export const RETRY_AFTER_SEC = 5;

export class Throttle {
  readonly #clock: Clock;
  readonly #limits: ThrottleLimits;
  readonly #options: ThrottleOptions;
  readonly #scanners: readonly string[];
  readonly #sources = new Recent<Source>(KEPT);
  readonly #prefixes = new Recent<Bucket>(KEPT);
  #sample: unknown;
  #sampledAt: number;
  /** Smoothed over some samples: one pause of the collector is no overload. */
  #lateMs = 0;
  #isLate = false;
  /** For metrics. */
  readonly counts = { passed: 0, dropped: 0, refused: 0, faults: 0 };

  constructor(options: ThrottleOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#limits = options.limits ?? THROTTLE_LIMITS;
    this.#scanners = options.scanners ?? SCANNERS;
    this.#sampledAt = this.#clock.now();
    this.#sample = this.#clock.setTimeout(this.#onSample, SAMPLE_MS);
  }

  /** Whether new requests are refused because this process is late. */
  get isOverloaded(): boolean {
    return this.#isLate || (this.#options.isOverloaded?.() ?? false);
  }

  /** Addresses that have budgets now. */
  get sourceCount(): number {
    return this.#sources.size;
  }

  /** For each message, before it is read. */
  admits(address: string): boolean {
    const now = this.#clock.now();
    const source = this.#source(address, now);
    if (source.isKnown || take(source.messages, this.#limits.messages, now)) return true;
    this.counts.dropped += 1;
    return false;
  }

  /** For each request that was read. */
  judge(request: SipRequest, address: string): Verdict {
    const verdict = isFresh(request) ? this.#judgeFresh(request, address, this.#clock.now()) : 'pass';
    this.counts[VERDICT_COUNTS[verdict]] += 1;
    return verdict;
  }

  /** What came from there could not be read. */
  noteFault(address: string): void {
    const now = this.#clock.now();
    const source = this.#source(address, now);
    this.counts.faults += 1;
    if (!source.isKnown && !take(source.faults, this.#limits.faults, now)) source.blockedUntil = now + this.#limits.blockMs;
  }

  /** Whether a fault of that source may be answered. */
  answersFault(address: string): boolean {
    const now = this.#clock.now();
    const source = this.#source(address, now);
    return source.isKnown || now >= source.blockedUntil;
  }

  close(): void {
    this.#clock.clearTimeout(this.#sample);
  }

  #judgeFresh(request: SipRequest, address: string, now: number): Verdict {
    const source = this.#source(address, now);
    if (source.isKnown) return this.isOverloaded ? 'refuse' : 'pass';
    if (now < source.blockedUntil) return 'drop';
    if (this.#isScanner(request)) {
      this.noteFault(address);
      return 'drop';
    }
    const isWithin = take(source.fresh, this.#limits.fresh, now) && take(this.#prefix(address, now), this.#limits.freshByPrefix, now);
    if (isWithin && !this.isOverloaded) return 'pass';
    return take(source.refusals, REFUSALS, now) ? 'refuse' : 'drop';
  }

  #isScanner({ headers }: SipRequest): boolean {
    const agent = headers.get('user-agent')?.toLowerCase();
    return agent !== undefined && this.#scanners.some((scanner) => agent.includes(scanner));
  }

  #source(address: string, now: number): Source {
    // Who owns one address of IPv6 owns the /64.
    const key = isV6Text(address) ? networkOf(address, 4) : address;
    let source = this.#sources.get(key);
    if (!source) {
      source = this.#newSource(now);
      this.#sources.set(key, source);
    }
    if (now >= source.knownUntil) {
      source.isKnown = this.#options.isKnown?.(address) ?? false;
      source.knownUntil = now + ASK_AGAIN_MS;
    }
    return source;
  }

  #newSource(now: number): Source {
    const { messages, fresh, faults } = this.#limits;
    return {
      messages: { tokens: messages.burst, at: now },
      fresh: { tokens: fresh.burst, at: now },
      faults: { tokens: faults.burst, at: now },
      refusals: { tokens: REFUSALS.burst, at: now },
      blockedUntil: 0,
      isKnown: false,
      knownUntil: 0,
    };
  }

  #prefix(address: string, now: number): Bucket {
    const key = isV6Text(address) ? networkOf(address, 3) : address.slice(0, address.lastIndexOf('.'));
    let bucket = this.#prefixes.get(key);
    if (!bucket) {
      bucket = { tokens: this.#limits.freshByPrefix.burst, at: now };
      this.#prefixes.set(key, bucket);
    }
    return bucket;
  }

  /** How late a timer fires is how long a message waits. */
  readonly #onSample = (): void => {
    const now = this.#clock.now();
    this.#lateMs += SMOOTHING * (Math.max(0, now - this.#sampledAt - SAMPLE_MS) - this.#lateMs);
    this.#isLate = this.#lateMs > (this.#isLate ? this.#limits.calmMs : this.#limits.lateMs);
    this.#sampledAt = now;
    this.#sample = this.#clock.setTimeout(this.#onSample, SAMPLE_MS);
  };
}

const VERDICT_COUNTS = { pass: 'passed', drop: 'dropped', refuse: 'refused' } as const;

function isFresh({ method, headers }: SipRequest): boolean {
  return method !== 'ACK' && method !== 'CANCEL' && !/;[ \t]*tag[ \t]*=/i.test(headers.get('to') ?? '');
}

function take(bucket: Bucket, { burst, perSec }: Rate, now: number): boolean {
  bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, now - bucket.at) * perSec) / 1_000);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}
