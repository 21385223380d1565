/**
 * Subscriptions that are being read, at their beginning or again after a gap. Created by the hub. Guarantees that a gap which comes during a
 * read leads to one more read, and that a read which fails is tried until it succeeds or the subscription is over.
 */
import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Missed } from './channel.ts';
import type { Subscription } from './subscription.ts';

const RETRY_MS = 300;
/** Feeds read again at a time after a gap. */
const AT_ONCE = 32;

export interface RereadsDeps {
  readonly log: Logger;
  /** What the subscription missed since its position; undefined: that cannot be told. @throws AppError unavailable */
  readonly missed: (subscription: Subscription) => Promise<Missed | undefined>;
  /** It cannot be resumed. */
  readonly reset: (subscription: Subscription) => void;
}

export class Rereads {
  readonly #deps: RereadsDeps;
  /** Being read; true: a gap came meanwhile. */
  readonly #reading = new Map<Subscription, boolean>();
  #isClosed = false;

  constructor(deps: RereadsDeps) {
    this.#deps = deps;
  }

  /** Runs the first read of a subscription. A gap that comes meanwhile is made up for afterwards. */
  async first(subscription: Subscription, read: () => Promise<void>): Promise<void> {
    this.#reading.set(subscription, false);
    try {
      await read();
    } finally {
      const isGapped = this.#reading.get(subscription);
      this.#reading.delete(subscription);
      if (isGapped && !subscription.isOver) this.again([subscription]);
    }
  }

  /** Each is read again from where it stands. */
  again(subscriptions: Iterable<Subscription>): void {
    const waiting: Subscription[] = [];
    for (const subscription of subscriptions) {
      if (this.#reading.has(subscription)) {
        this.#reading.set(subscription, true);
        continue;
      }
      this.#reading.set(subscription, false);
      subscription.hold();
      waiting.push(subscription);
    }
    const lane = async (): Promise<void> => {
      for (let subscription = waiting.pop(); subscription; subscription = waiting.pop()) await this.#read(subscription);
    };
    for (let count = Math.min(AT_ONCE, waiting.length); count > 0; count--) void lane();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #read(subscription: Subscription): Promise<void> {
    while (!subscription.isOver && !this.#isClosed) {
      this.#reading.set(subscription, false);
      try {
        const missed = await this.#deps.missed(subscription);
        if (this.#reading.get(subscription)) continue;
        if (missed) subscription.goLive(missed.shown, missed.upTo);
        else this.#deps.reset(subscription);
        break;
      } catch (error) {
        if (!(error instanceof AppError)) this.#deps.log.error({ err: error, feed: subscription.feed }, 'hub.reread.failed');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#reading.delete(subscription);
  }
}
