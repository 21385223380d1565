/**
 * Secrets that must be read again, at rest: AES-256-GCM under SECRET_KEY. What only has to be recognised is hashed instead (`src/auth/secrets`).
 * Stands here because the SIP application opens what the configuration pages sealed.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What a secret of a phone or trunk is sealed for: `unseal(secretKey, sealPurpose.phoneHa1(doc.id), doc.sealedHa1)`. */
export const sealPurpose = {
  phoneHa1: (phoneId: string): string => `phone:${phoneId}:ha1`,
  phoneHa1Sha256: (phoneId: string): string => `phone:${phoneId}:ha1-sha256`,
  trunkSecret: (trunkId: string): string => `trunk:${trunkId}:secret`,
} as const;

/** `purpose` binds the sealed text to its place: what was sealed for one row does not open in another. */
export function seal(secretKey: string, purpose: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secretKey), nonce).setAAD(Buffer.from(purpose));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`;
}

/** @throws when SECRET_KEY or `purpose` is another than it was sealed with, or the text was changed */
export function unseal(secretKey: string, purpose: string, sealed: string): string {
  const [version, body = ''] = sealed.split('.', 2);
  const bytes = Buffer.from(body, 'base64url');
  if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('not a sealed secret');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secretKey), bytes.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(purpose))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}

function keyOf(secretKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', 'centralino seal', 32));
}
