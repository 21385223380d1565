/**
 * The one clock of everything a process sends by itself. Legs are spread evenly over a wheel of 2 ms slots, so that thousands of them make an even flow of
 * packets; one timer turns it. Late by a little, it catches up; late by more, it leaves out what nobody would play any more and says how much
 * (`missed`), so that no phone gets a burst. Created once per process; runs only while somebody is seated.
 */

export interface Paced {
  /** Called once a period. `missed`: periods that were left out before this one. */
  tick(now: number, missed: number): void;
}

export interface Seat {
  readonly paced: Paced;
  readonly periodSlots: number;
  readonly slots: readonly number[];
  isTaken: boolean;
  lastTurn: number;
}

const SLOT_MS = 2;
/** 120 ms: a whole number of every period. */
const SLOTS = 60;
const PERIODS_MS = [10, 20, 30, 40, 60] as const;
/** Later than this is left out. */
const LATEST_MS = 40;
/** Then the sockets are served. */
const WORK_MS = 4;

export class Pacer {
  readonly #wheel: Seat[][] = Array.from({ length: SLOTS }, () => []);
  readonly #left = new Set<number>();
  #seated = 0;
  /** Slots since the beginning, counted in time, not in work. */
  #turn = 0;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** The most it was late since asked, ms. */
  #latestMs = 0;

  takeLatenessMs(): number {
    const latest = this.#latestMs;
    this.#latestMs = 0;
    return latest;
  }

  /** Ticks about every `periodMs` (the nearest of 10, 20, 30, 40, 60), from within one period on. */
  seat(paced: Paced, periodMs: number): Seat {
    const period = PERIODS_MS.reduce((best, one) => (Math.abs(one - periodMs) < Math.abs(best - periodMs) ? one : best));
    const periodSlots = period / SLOT_MS;
    let phase = 0;
    for (let slot = 1; slot < periodSlots; slot++) if (this.#crowd(slot) < this.#crowd(phase)) phase = slot;
    const slots = Array.from({ length: SLOTS / periodSlots }, (_, index) => phase + index * periodSlots);
    const seat: Seat = { paced, periodSlots, slots, isTaken: true, lastTurn: -1 };
    for (const slot of slots) this.#wheel[slot]?.push(seat);
    if (this.#seated++ === 0) this.#start();
    return seat;
  }

  leave(seat: Seat): void {
    if (!seat.isTaken) return;
    seat.isTaken = false;
    for (const slot of seat.slots) this.#left.add(slot);
    if (--this.#seated === 0) this.close();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = this.#immediate = undefined;
    for (const slot of this.#left) this.#sweep(slot);
  }

  #crowd(slot: number): number {
    return this.#wheel[slot]?.length ?? 0;
  }

  #start(): void {
    this.#startedAt = performance.now() - this.#turn * SLOT_MS;
    this.#timer = setTimeout(this.#run, SLOT_MS);
  }

  readonly #run = (): void => {
    const beganAt = performance.now();
    const lateMs = beganAt - this.#startedAt - this.#turn * SLOT_MS;
    if (lateMs > this.#latestMs) this.#latestMs = lateMs;
    if (lateMs > LATEST_MS) this.#turn += Math.floor((lateMs - SLOT_MS) / SLOT_MS);
    let now = beganAt;
    while (this.#startedAt + this.#turn * SLOT_MS <= now) {
      this.#serve(this.#turn++, now);
      if (this.#seated === 0) return;
      now = performance.now();
      if (now - beganAt > WORK_MS) break;
    }
    const waitMs = this.#startedAt + this.#turn * SLOT_MS - now;
    if (waitMs > 0) this.#timer = setTimeout(this.#run, waitMs);
    else this.#immediate = setImmediate(this.#run);
  };

  #serve(turn: number, now: number): void {
    const slot = turn % SLOTS;
    if (this.#left.has(slot)) this.#sweep(slot);
    // Who takes a seat meanwhile waits for the next time.
    const seats = this.#wheel[slot] as Seat[];
    const { length } = seats;
    for (let index = 0; index < length; index++) {
      const seat = seats[index] as Seat;
      if (!seat.isTaken) continue;
      const missed = seat.lastTurn < 0 ? 0 : (turn - seat.lastTurn) / seat.periodSlots - 1;
      seat.lastTurn = turn;
      seat.paced.tick(now, missed);
    }
  }

  #sweep(slot: number): void {
    this.#left.delete(slot);
    this.#wheel[slot] = (this.#wheel[slot] as Seat[]).filter((seat) => seat.isTaken);
  }
}
