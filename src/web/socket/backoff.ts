/** Waiting times between connection attempts: doubling from half a second to thirty, with full jitter so that a thousand tabs do not return at once. */
const FIRST_MS = 500;
const MOST_MS = 30_000;

/** `attempt` counts from 0. The first wait is short so that a restarted server is noticed at once; `chance` is in [0, 1). */
export function waitBeforeAttemptMs(attempt: number, chance: number = Math.random()): number {
  const ceiling = Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 4 + chance * ceiling * 0.75);
}
