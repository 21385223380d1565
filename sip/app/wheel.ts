/**
 * Deadlines of calls on one timer: slots of 100 ms, so that thousands of waiting calls cost one tick. Made by the application; a deadline comes up to a slot late.
 */
export interface Deadline {
  cancel(): void;
}

const SLOT_MS = 100;

export class Wheel {
  readonly #slots = new Map<number, Set<() => void>>();
  #next: number;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#next = slotOf(performance.now());
    this.#timer = setInterval(() => this.#turn(), SLOT_MS);
  }

  after(ms: number, work: () => void): Deadline {
    const slot = Math.max(this.#next, slotOf(performance.now() + ms) + 1);
    let due = this.#slots.get(slot);
    if (!due) this.#slots.set(slot, (due = new Set()));
    // Wrapped, so that one function may stand for several deadlines.
    const run = (): void => work();
    due.add(run);
    return { cancel: () => void due.delete(run) };
  }

  #turn(): void {
    for (const now = slotOf(performance.now()); this.#next <= now; this.#next++) {
      const due = this.#slots.get(this.#next);
      this.#slots.delete(this.#next);
      if (due) for (const run of due) run();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#slots.clear();
  }
}

function slotOf(ms: number): number {
  return Math.floor(ms / SLOT_MS);
}
