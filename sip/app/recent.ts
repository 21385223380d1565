/**
 * What was read a moment ago, so that a burst of calls to one number asks once, and calls that keep coming never wait: what is in use is read anew behind them.
 * Bounded; what is older than its time is asked again, and what was not found is not remembered.
 */
interface Known<Value> {
  readonly value: Promise<Value>;
  readonly until: number;
  isRenewed: boolean;
}

export class Recent<Value> {
  readonly #ttlMs: number;
  readonly #max: number;
  readonly #known = new Map<string, Known<Value>>();

  constructor(ttlMs: number, max = 10_000) {
    this.#ttlMs = ttlMs;
    this.#max = max;
  }

  /** No older than the time. A failure is told to all who wait for it, and not remembered. */
  get(key: string, read: () => Promise<Value>): Promise<Value> {
    const now = performance.now();
    const known = this.#known.get(key);
    if (!known || known.until <= now) return this.#read(key, read, now);
    if (!known.isRenewed && known.until - now < this.#ttlMs / 2) {
      known.isRenewed = true;
      // Until it is here what is known goes on serving, for as long as it may.
      const value = read();
      value.then(
        (found) => this.#keep(key, { value, until: now + this.#ttlMs, isRenewed: false }, found),
        () => undefined,
      );
    }
    return known.value;
  }

  #read(key: string, read: () => Promise<Value>, now: number): Promise<Value> {
    if (this.#known.size >= this.#max) this.#known.clear();
    const value = read();
    const known = { value, until: now + this.#ttlMs, isRenewed: false };
    this.#known.set(key, known);
    value.then(
      (found) => this.#keep(key, known, found),
      () => this.#drop(key, known),
    );
    return value;
  }

  #keep(key: string, known: Known<Value>, found: Value): void {
    if (found === undefined) this.#known.delete(key);
    else this.#known.set(key, known);
  }
  #drop(key: string, known: Known<Value>): void {
    if (this.#known.get(key) === known) this.#known.delete(key);
  }
}
