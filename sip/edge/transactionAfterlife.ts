/**
 * What is left of a server transaction over UDP after its final response (timers J and L): the key, and the response to repeat, if it is repeated here.
 * Created by Transactions. At some hundred calls a second tens of thousands wait out their 32 s, so they hold no request, no listeners and no timer of
 * their own: all last equally long, so the first in is the first out, and one timer serves them all. Whoever forges sources makes us hold so many and no more:
 * then the oldest go before their time.
 */
import type { Clock, Flow } from './types.ts';

interface Remains {
  /** Undefined for the 2xx of an INVITE: its dialog repeats it, the INVITE that comes again is only absorbed (RFC 6026). */
  readonly answer: Buffer | undefined;
  readonly back: Flow;
  readonly until: number;
}

export class Afterlife {
  readonly #clock: Clock;
  readonly #lastsMs: number;
  readonly #most: number;
  readonly #remains = new Map<string, Remains>();
  /** Keys in order of their end. A list of its own: a Map's first entry is not found at once when thousands before it were deleted. */
  #queue: string[] = [];
  #gone = 0;
  #timer: unknown;

  constructor(clock: Clock, lastsMs: number, most: number) {
    this.#clock = clock;
    this.#lastsMs = lastsMs;
    this.#most = most;
  }

  get size(): number {
    return this.#remains.size;
  }

  has(key: string): boolean {
    return this.#remains.has(key);
  }

  add(key: string, answer: Buffer | undefined, back: Flow): void {
    if (this.#remains.size >= this.#most) {
      this.#remains.delete(this.#queue[this.#gone++] as string);
      this.#shorten();
    }
    this.#remains.set(key, { answer, back, until: this.#clock.now() + this.#lastsMs });
    this.#queue.push(key);
    this.#timer ??= this.#clock.setTimeout(this.#onDue, this.#lastsMs);
  }

  /** The same request again. @returns false when there was none before it */
  receiveAgain(key: string): boolean {
    const remains = this.#remains.get(key);
    if (!remains) return false;
    // Lost like any datagram, if it cannot be sent: the far end asks again.
    if (remains.answer) remains.back.send(remains.answer).catch(() => undefined);
    return true;
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#remains.clear();
    this.#queue = [];
    this.#gone = 0;
  }

  readonly #onDue = (): void => {
    const now = this.#clock.now();
    this.#timer = undefined;
    for (; this.#gone < this.#queue.length; this.#gone++) {
      const key = this.#queue[this.#gone] as string;
      const wait = (this.#remains.get(key)?.until ?? 0) - now;
      if (wait > 0) {
        // Those of the next moment go together with it.
        this.#timer = this.#clock.setTimeout(this.#onDue, Math.max(wait, this.#lastsMs / 1_000));
        break;
      }
      this.#remains.delete(key);
    }
    this.#shorten();
  };

  #shorten(): void {
    if (2 * this.#gone < this.#queue.length) return;
    this.#queue.splice(0, this.#gone);
    this.#gone = 0;
  }
}
