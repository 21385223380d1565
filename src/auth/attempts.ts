/**
 * Limits on guessing (ACC-2): five wrong tries in 15 minutes for one e-mail or one second factor, fifty for one address. A try takes its
 * point before it is judged, so that many at once do not pass together, and gets it back when it was right.
 */
import type { Engine } from '../../queues/engine.ts';
import { countedAddress } from '../base/address.ts';
import { AppError } from '../base/errors.ts';
import { hashToken } from './secrets.ts';

const WINDOW_SEC = 15 * 60;
const WRONG_PER_SUBJECT = 5;
const WRONG_PER_ADDRESS = 50;

export type AttemptKind = 'password' | 'code';

export interface Attempt {
  /** It was right: it does not count. */
  forgive(): Promise<void>;
}

/** `onLocked` runs when the limit is passed for the first time in the window. @throws AppError rate_limited */
export async function beginAttempt(
  { rates }: Pick<Engine, 'rates'>,
  { kind, subject, ip }: { kind: AttemptKind; subject: string; ip: string },
  onLocked: () => Promise<void>,
): Promise<Attempt> {
  // Subjects are e-mails: hashed, so that none stands in Redis.
  const subjectKey = `wrong:${kind}:${hashToken(subject).toString('base64url')}`;
  const limits = [
    { key: subjectKey, limit: WRONG_PER_SUBJECT },
    { key: `wrong:${kind}:ip:${countedAddress(ip)}`, limit: WRONG_PER_ADDRESS },
  ];
  for (const { key, limit } of limits) {
    const { isAllowed, retryAfterSec } = await rates.take(key, limit, WINDOW_SEC);
    if (isAllowed) continue;
    if ((await rates.take(`${key}:told`, 1, WINDOW_SEC)).isAllowed) await onLocked();
    throw new AppError('rate_limited', { detail: 'Too many wrong tries.', retryAfterSec });
  }
  return {
    async forgive() {
      for (const { key, limit } of limits) await rates.take(key, limit, WINDOW_SEC, -1);
    },
  };
}
