/** Comparing what a connection says with the secret, in a time that tells nothing of how much of it was right. */
import { createHash, timingSafeEqual } from 'node:crypto';

export function isSameSecret(said: string, secret: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(said), digest(secret));
}
