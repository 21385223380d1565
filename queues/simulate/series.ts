/** A number that changes in steps (how many wait, how many work), summed up over time in intervals of equal width. */
export class Series {
  readonly #from: number;
  readonly #to: number;
  readonly #widthMs: number;
  readonly #sums: number[];
  #value = 0;
  #since: number;
  #most = 0;

  /** Counts what lies between `from` and `to` (Unix ms). */
  constructor(from: number, to: number, widthMs: number) {
    this.#from = from;
    this.#to = to;
    this.#widthMs = widthMs;
    this.#since = from;
    this.#sums = new Array<number>(Math.max(1, Math.ceil((to - from) / widthMs))).fill(0);
  }

  get value(): number {
    return this.#value;
  }

  add(at: number, by: number): void {
    this.#sumUntil(at);
    this.#value += by;
    if (at >= this.#from && at < this.#to) this.#most = Math.max(this.#most, this.#value);
  }

  /** Means of the intervals, the integral over all in value × ms, and the highest value. */
  finish(): { readonly means: number[]; readonly integral: number; readonly most: number } {
    this.#sumUntil(this.#to);
    const lengths = this.#sums.map((_, at) => Math.min(this.#widthMs, this.#to - this.#from - at * this.#widthMs));
    return {
      means: this.#sums.map((sum, at) => sum / (lengths[at] ?? this.#widthMs)),
      integral: this.#sums.reduce((total, sum) => total + sum, 0),
      most: this.#most,
    };
  }

  #sumUntil(at: number): void {
    const until = Math.min(at, this.#to);
    for (let from = Math.max(this.#since, this.#from); from < until; ) {
      const index = Math.floor((from - this.#from) / this.#widthMs);
      const end = Math.min(until, this.#from + (index + 1) * this.#widthMs);
      this.#sums[index] = (this.#sums[index] ?? 0) + this.#value * (end - from);
      from = end;
    }
    this.#since = Math.max(this.#since, at);
  }
}
