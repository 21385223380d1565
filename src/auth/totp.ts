/** Second factor: time-based codes (RFC 6238: SHA-1, six digits, 30 s, one step of drift either way), and recovery codes for a lost phone. */
import { randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

const STEP_SEC = 30;
const DRIFT_STEPS = 1;
const RECOVERY_CODES = 10;

export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** For the QR code: `otpauth://totp/…`. */
export function totpUri(secret: string, email: string): string {
  return new TOTP({ issuer: 'Centralino', label: email, secret }).toString();
}

/** The time step the code belongs to, or undefined when it is wrong. A step accepted once must not be accepted again: the caller stores it. */
export function stepOfCode(secret: string, code: string, nowMs: number): number | undefined {
  const delta = new TOTP({ secret: Secret.fromBase32(secret) }).validate({ token: code, timestamp: nowMs, window: DRIFT_STEPS });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / STEP_SEC) + delta;
}

/** Ten codes such as `k3f9-x2mq-7twd`, 60 bits each. */
export function newRecoveryCodes(): string[] {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  return Array.from({ length: RECOVERY_CODES }, () => {
    const text = [...randomBytes(12)].map((byte) => alphabet[byte & 31]).join('');
    return `${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`;
  });
}
