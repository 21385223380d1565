/**
 * Nonces of the digest (RFC 7616 3.3), kept nowhere: each says when it was made and is signed, so any node of the installation knows those of the others. Whether
 * one was used before is asked of Redis, and only for who knew the password. Created by the registrar.
 */
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

const MAC_BYTES = 16;
const CHANCE_BYTES = 9;

/** How long a nonce may be answered with. */
export const NONCE_MS = 300_000;

export class Nonces {
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor({ secretKey, now = Date.now }: { secretKey: string; now?: () => number }) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, '', 'centralino sip nonce', 32));
    this.#now = now;
  }

  make(): string {
    const said = `${this.#now().toString(36)}.${randomBytes(CHANCE_BYTES).toString('base64url')}`;
    return `${said}.${this.#mac(said).toString('base64url')}`;
  }

  /** Ours, and not too old. */
  isFresh(nonce: string): boolean {
    const dot = nonce.lastIndexOf('.');
    const said = nonce.slice(0, Math.max(dot, 0));
    const mac = Buffer.from(nonce.slice(dot + 1), 'base64url');
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(said))) return false;
    const age = this.#now() - Number.parseInt(said, 36);
    return age >= -NONCE_MS && age <= NONCE_MS;
  }

  #mac(said: string): Buffer {
    return createHmac('sha256', this.#key).update(said).digest().subarray(0, MAC_BYTES);
  }
}
