/**
 * A 2xx to an INVITE on its way to be acknowledged (RFC 3261 13.3.1.4): sent again at T1, doubling up to T2, whatever the transport, until its ACK comes or
 * 64*T1 are over. Created by `DialogLife` for the first INVITE of a call and for each one after it.
 */
import type { Clock, SipTimers } from './types.ts';

export class Unacknowledged {
  /** CSeq of the INVITE; its ACK has the same. */
  readonly seq: number;
  /** By which the application is told of the ACK. */
  readonly transactionId: string;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #again: unknown;
  #deadline: unknown;

  constructor(
    about: { readonly seq: number; readonly transactionId: string },
    { clock, timers }: { readonly clock: Clock; readonly timers: SipTimers },
    send: () => void,
    onTimeout: () => void,
  ) {
    this.seq = about.seq;
    this.transactionId = about.transactionId;
    this.#clock = clock;
    const repeat = (afterMs: number): void => {
      this.#again = clock.setTimeout(() => {
        send();
        repeat(Math.min(afterMs * 2, timers.t2));
      }, afterMs);
    };
    repeat(timers.t1);
    this.#deadline = clock.setTimeout(() => {
      this.#stop();
      onTimeout();
      this.#release();
    }, 64 * timers.t1);
  }

  /** Runs when the ACK has come, or never will: what must not be sent before (RFC 3261 14.1, 15.1). It looks by itself whether the dialog still stands. */
  whenSettled(work: () => void): void {
    this.#waiting.push(work);
  }

  /** The ACK came. */
  settle(): void {
    this.#stop();
    this.#release();
  }

  /** The dialog is over. */
  close(): void {
    this.#stop();
    this.#release();
  }

  #release(): void {
    for (const work of this.#waiting.splice(0)) work();
  }

  #stop(): void {
    this.#clock.clearTimeout(this.#again);
    this.#clock.clearTimeout(this.#deadline);
  }
}
