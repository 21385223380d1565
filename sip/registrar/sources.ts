/**
 * Who guesses passwords is turned away for a while, by source address; all nodes count together. An address from which a phone registered well lately is never
 * turned away: behind it stand an office's other phones, and anybody can send from it in its name over UDP. Created by the registrar; memory is bounded.
 */
import type { Engine } from '../../queues/engine.ts';

const FAILURES = 20;
const WINDOW_SEC = 60;
const GOOD_SEC = 86_400;
/** A good address is noted again only when the note would soon run out. */
const NOTE_EVERY_MS = 3_600_000;
const MOST_KNOWN = 50_000;

export class Sources {
  readonly #rates: Engine['rates'];
  readonly #blocked = new Map<string, number>();
  readonly #good = new Map<string, number>();

  constructor(rates: Engine['rates']) {
    this.#rates = rates;
  }

  /** Seconds for which the source is turned away; 0: it is not. */
  blockedSec(source: string): number {
    const until = this.#blocked.get(source);
    if (until === undefined) return 0;
    const left = until - performance.now();
    if (left > 0) return Math.ceil(left / 1_000);
    this.#blocked.delete(source);
    return 0;
  }

  async failed(source: string): Promise<void> {
    const { isAllowed, retryAfterSec } = await this.#rates.take(`sip-auth:${source}`, FAILURES, WINDOW_SEC);
    if (isAllowed || (await this.#isGood(source))) return;
    remember(this.#blocked, source, performance.now() + retryAfterSec * 1_000);
  }

  async succeeded(source: string): Promise<void> {
    const noted = this.#good.get(source);
    if (noted !== undefined && performance.now() - noted < NOTE_EVERY_MS) return;
    remember(this.#good, source, performance.now());
    this.#blocked.delete(source);
    await this.#rates.take(goodKey(source), 1, GOOD_SEC, 2);
  }

  /** More than one point stands there since a success; asked only for sources that failed often, so that strangers leave nothing behind. */
  async #isGood(source: string): Promise<boolean> {
    if (this.#good.has(source)) return true;
    const { isAllowed } = await this.#rates.take(goodKey(source), 1, GOOD_SEC, 0);
    return !isAllowed;
  }
}

const goodKey = (source: string): string => `sip-good:${source}`;

function remember(map: Map<string, number>, source: string, value: number): void {
  map.delete(source);
  if (map.size >= MOST_KNOWN) map.delete(map.keys().next().value as string);
  map.set(source, value);
}
