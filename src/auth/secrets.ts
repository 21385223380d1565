/**
 * Secrets that only have to be recognised: random tokens and their hashes. Tokens carry 256 bits, so a plain SHA-256 of them suffices; passwords
 * have their own file, and what must be read again is sealed (`src/base/seal`).
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 32 random bytes in base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Compares hashes of equal length in constant time. */
export function isSameHash(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
