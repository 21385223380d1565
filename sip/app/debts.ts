/** What has to reach the engine sooner or later (a call is over, an offer is declined): tried again while Redis is away, in memory, for as long as this process lives. */
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';

const AGAIN_MS = 500;
/** A minute of tries; by then the lease has lapsed, and others have let go of what this node held. */
const TRIES = 120;

export class Debts {
  readonly #log: Logger;
  readonly #open = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(log: Logger) {
    this.#log = log;
  }

  owe(what: string, work: () => Promise<unknown>): Promise<void> {
    const paid = this.#pay(what, work).finally(() => this.#open.delete(paid));
    this.#open.add(paid);
    return paid;
  }

  async #pay(what: string, work: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await work();
        return;
      } catch (error) {
        const mayHelp = error instanceof AppError && error.code === 'unavailable' && tries < TRIES && !this.#stopping.signal.aborted;
        if (!mayHelp) return this.#log.warn({ err: error, what }, 'debt.unpaid');
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  /** Waits for what is being paid; nothing is tried again. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#open);
  }
}
