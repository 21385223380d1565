/** Passwords: argon2id with the library's defaults (19 MiB, two passes), which follow OWASP's advice. */
import { randomInt } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';

/** Length is what counts; the upper bound only keeps the hashing cheap. */
export const newPassword = z.string().min(10, 'at least 10 characters').max(200).describe('10 to 200 characters, any');

export function hashPassword(password: string): Promise<string> {
  return hash(password);
}

/** Hash of a password that nobody has, made once: with it an unknown e-mail takes as long as a wrong password. */
const nobody = hash('no password of anybody');

/** `stored` absent: nobody's password, so false after the same work. */
export async function isPassword(stored: string | null | undefined, password: string): Promise<boolean> {
  const isRight = await verify(stored ?? (await nobody), password);
  return isRight && typeof stored === 'string';
}

const READABLE = '23456789abcdefghjkmnpqrstuvwxyz';

/** One that we make: easy to type, four groups of four, nearly 80 bits. */
export function readablePassword(): string {
  const group = (): string => Array.from({ length: 4 }, () => READABLE[randomInt(READABLE.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
