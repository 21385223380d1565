/** Limits of a queue's fields, as the server checks them. */
export const SEC = 1_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const DAY_SEC = 86_400;
export const PRIORITY_MAX = 1_000;
export const WEIGHT_MAX_SEC = 3_600;
export const NEEDS_MAX = 5;
export const STEPS_MAX = 10;
export const OUTCOMES_MAX = 100;
export const LEVEL_MAX = 10;
