/** What was read a moment ago, so that a burst of calls to one number asks once. Bounded; what is older than its time is asked again. */
export class Recent<Value> {
  readonly #ttlMs: number;
  readonly #max: number;
  readonly #known = new Map<string, { readonly value: Promise<Value>; readonly until: number }>();

  constructor(ttlMs: number, max = 10_000) {
    this.#ttlMs = ttlMs;
    this.#max = max;
  }

  /** A failure is told to all who wait for it, and not remembered. */
  get(key: string, read: () => Promise<Value>): Promise<Value> {
    const now = performance.now();
    const known = this.#known.get(key);
    if (known && known.until > now) return known.value;
    if (this.#known.size >= this.#max) this.#known.clear();
    const value = read();
    this.#known.set(key, { value, until: now + this.#ttlMs });
    value.catch(() => this.#known.delete(key));
    return value;
  }
}
