/**
 * Texts nobody can guess, for branches, tags and ids. Random bytes are fetched many at a time, because each fetch costs microseconds.
 */
import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(6 * 512);
let used = pool.length;

/** 16 letters, digits, `-` and `_` (96 bits); a token, without percent signs. */
export function randomText(): string {
  if (used + 12 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += 12;
  return pool.toString('base64url', used - 12, used);
}
