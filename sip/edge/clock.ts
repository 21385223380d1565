/** The clock of the running edge; tests give their own. */
import type { Clock, SipTimers } from './types.ts';

/** The longest wait of the system's timers, 24 days; beyond it they would fire at once. Nothing of SIP is waited for so long. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  // Never backwards and never in leaps, as the wall clock may when it is set.
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, Math.min(ms, LONGEST_MS)),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};

/** RFC 3261, table 4. */
export const RFC_TIMERS: SipTimers = { t1: 500, t2: 4_000, t4: 5_000 };
