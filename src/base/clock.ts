/** Time as a dependency: processes use `systemClock`, tests pass their own. */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
