/**
 * Reliable provisional responses of ours (RFC 3262 3): each carries an RSeq, is sent again at T1, doubling, until its PRACK, and the next one waits for that.
 * One belongs to each INVITE whose application asks for 100rel; `inbound` creates it at the first such response.
 */
import { randomInt } from 'node:crypto';
import type { SipHeaders, SipResponse } from './message.ts';
import type { Clock, SipTimers } from './types.ts';

export class ReliableResponses {
  readonly #clock: Clock;
  readonly #timers: SipTimers;
  readonly #send: (response: SipResponse) => void;
  readonly #onTimeout: () => void;
  readonly #waiting: (() => void)[] = [];
  #next = randomInt(1, 2 ** 31 - 1_000);
  /** The one that waits for its PRACK. */
  #pending: { readonly rseq: number; readonly cseq: string; again: unknown; readonly deadline: unknown } | undefined;

  constructor(
    { clock, timers }: { readonly clock: Clock; readonly timers: SipTimers },
    on: { readonly send: (response: SipResponse) => void; readonly timeout: () => void },
  ) {
    this.#clock = clock;
    this.#timers = timers;
    this.#send = on.send;
    this.#onTimeout = on.timeout;
  }

  /** Runs at once, or when the response before it is acknowledged. */
  whenFree(work: () => void): void {
    if (this.#pending) this.#waiting.push(work);
    else work();
  }

  /** Only from `whenFree`. Adds RSeq and sends until it is acknowledged. */
  send(response: SipResponse): void {
    const rseq = this.#next++;
    response.headers.set('RSeq', String(rseq));
    const deadline = this.#clock.setTimeout(() => {
      this.close();
      this.#onTimeout();
    }, 64 * this.#timers.t1);
    const pending = { rseq, cseq: response.headers.get('cseq') ?? '', again: undefined as unknown, deadline };
    this.#pending = pending;
    const repeat = (afterMs: number): void => {
      pending.again = this.#clock.setTimeout(() => {
        this.#send(response);
        repeat(afterMs * 2);
      }, afterMs);
    };
    this.#send(response);
    repeat(this.#timers.t1);
  }

  /** @returns whether the `RAck` of a PRACK is that of the response which waits */
  acknowledge(rack: string | undefined): boolean {
    const pending = this.#pending;
    // What may stand after the three of them says nothing.
    const said = rack?.trim().split(/\s+/).slice(0, 3).join(' ');
    if (!pending || said !== `${pending.rseq} ${pending.cseq.replaceAll(/\s+/g, ' ')}`) return false;
    this.#stop();
    // Each of them may be one that has to wait for a PRACK again.
    const waiting = this.#waiting.splice(0);
    for (const work of waiting) this.whenFree(work);
    return true;
  }

  /** The INVITE has its final response, or is over: what waits finds that out by itself. */
  close(): void {
    this.#stop();
    for (const work of this.#waiting.splice(0)) work();
  }

  #stop(): void {
    this.#clock.clearTimeout(this.#pending?.again);
    this.#clock.clearTimeout(this.#pending?.deadline);
    this.#pending = undefined;
  }
}

export function hasOption(headers: SipHeaders, name: 'supported' | 'require', option: string): boolean {
  return headers.list(name).some((listed) => listed.toLowerCase() === option);
}

/** RFC 3262 4: which reliable responses of the other side are new and in order. One belongs to each request of ours, and tells them apart by To tag. */
export class ReliableOrder {
  readonly #last = new Map<string, number>();

  /** @returns false for one that was seen before, or that came before its turn */
  takes(toTag: string, rseq: number): boolean {
    const last = this.#last.get(toTag);
    if (last !== undefined && rseq !== last + 1) return false;
    this.#last.set(toTag, rseq);
    return true;
  }
}
