/**
 * The phones of one agent that ring for one call: one end of media, an INVITE to each phone, the first 200 wins and the others are cancelled. Made by `ringing.ts`;
 * `stop` ends it at any moment, once.
 */
import type { PhoneWays } from '../../queues/phones.ts';
import type { UserId } from '../../src/base/ids.ts';
import type { Dialog } from '../app/dialog.ts';
import type { InviteResult, Outgoing } from '../app/invite.ts';
import type { Leg } from './leg.ts';

/** `token`: of the offer; empty for an agent who owns the call already. */
export interface RingFor {
  readonly agentId: UserId;
  readonly token: string;
  /** Where the agent is reached; else it is asked. */
  readonly ways?: PhoneWays | undefined;
}

export type RingResult =
  | { readonly kind: 'answered'; readonly dialog: Dialog; readonly sdp: string }
  /** The last word of the phones: 486 and 603 are a person's no, the rest that none was reached. */
  | { readonly kind: 'failed'; readonly status: number; readonly isDeclined: boolean }
  | { readonly kind: 'stopped' };

const DECLINES: ReadonlySet<number> = new Set([486, 600, 603]);

export class Ring {
  readonly agentId: UserId;
  readonly token: string;
  readonly ways: PhoneWays | undefined;
  #leg: Leg | undefined;
  /** Told when its end of the media is open. */
  onLeg: ((leg: Leg) => void) | undefined;
  /** The 200 is here and the routing engine is being asked. */
  isAnswered = false;
  #attempts: Outgoing[] = [];
  #isStopped = false;
  readonly #stopped = Promise.withResolvers<RingResult>();

  constructor({ agentId, token, ways }: RingFor) {
    this.agentId = agentId;
    this.token = token;
    this.ways = ways;
  }

  get leg(): Leg | undefined {
    return this.#leg;
  }
  set leg(leg: Leg | undefined) {
    this.#leg = leg;
    if (leg) this.onLeg?.(leg);
  }
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Rings them all. A refusal of one leaves the others ringing; a decline by a person ends all. */
  async run(attempts: Outgoing[]): Promise<RingResult> {
    this.#attempts = attempts;
    if (this.#isStopped) for (const attempt of attempts) attempt.cancel();
    const outcome = Promise.withResolvers<RingResult>();
    let open = attempts.length;
    let last = 480;
    const settle = (result: InviteResult, attempt: Outgoing): void => {
      open--;
      if (result.kind === 'answered') {
        if (this.#isStopped || this.isAnswered) return result.dialog.bye();
        this.isAnswered = true;
        for (const other of attempts) if (other !== attempt) other.cancel();
        return outcome.resolve(result);
      }
      if (result.kind === 'failed') last = result.status;
      const isDeclined = result.kind === 'failed' && DECLINES.has(result.status);
      if (isDeclined) for (const other of attempts) other.cancel();
      if (isDeclined || open === 0) outcome.resolve({ kind: 'failed', status: last, isDeclined });
    };
    for (const attempt of attempts) void attempt.result.then((result) => settle(result, attempt));
    if (attempts.length === 0) outcome.resolve({ kind: 'failed', status: 480, isDeclined: false });
    return Promise.race([outcome.promise, this.#stopped.promise]);
  }

  /** The agent said no by another way than the phone. */
  refuse(): void {
    if (this.isAnswered || this.#isStopped) return;
    this.#isStopped = true;
    for (const attempt of this.#attempts) attempt.cancel();
    this.#stopped.resolve({ kind: 'failed', status: 603, isDeclined: true });
  }

  /** Nobody shall answer any more. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    for (const attempt of this.#attempts) attempt.cancel();
    this.#stopped.resolve({ kind: 'stopped' });
  }
}
