/**
 * Signing in (ACC-2): e-mail and password, then the second factor if the person has one. What is wrong is never said more exactly than
 * "e-mail, password or code", and an unknown e-mail costs the same work as a wrong password.
 */
import { sql } from 'kysely';
import type { Scope, Session } from '../../queues/engine.ts';
import { type Actor, userActor, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId, UserId } from '../base/ids.ts';
import { unseal } from '../base/seal.ts';
import { beginAttempt } from './attempts.ts';
import { isPassword } from './password.ts';
import { hashToken } from './secrets.ts';
import { buildSnapshot } from './snapshot.ts';
import { stepOfCode } from './totp.ts';

export const SESSION_TTL_MS = 7 * 24 * 3_600_000;
const SECOND_FACTOR_TTL_MS = 10 * 60_000;

export interface Origin {
  readonly ip: string;
  readonly userAgent: string;
}

export interface SignedIn {
  readonly token: string;
  readonly stage: 'second_factor' | 'full';
  readonly ttlMs: number;
}

/** @throws AppError wrong_credentials, account_inactive, rate_limited, unavailable */
export async function signIn(deps: AccessDeps, credentials: { email: string; password: string }, origin: Origin): Promise<SignedIn> {
  const { db, engine } = deps;
  const email = credentials.email.toLowerCase();
  const user = await db
    .selectFrom('app_user')
    .innerJoin('account', 'account.id', 'app_user.account_id')
    .select([
      'app_user.id',
      'app_user.account_id',
      'app_user.name',
      'app_user.status',
      'password_hash',
      'is_totp_enabled',
      'account.partition',
    ])
    .where('app_user.email', '=', email)
    .executeTakeFirst();
  const actor: Actor = user ? userActor(user.id, user.name, origin) : { ...userActor('', '', origin), kind: 'nobody' };
  // An entry is written for an unknown e-mail too (it belongs to no account): the time it takes must not tell.
  const note = (action: 'sign_in.refused' | 'sign_in.locked'): Promise<void> =>
    writeAudit(db, { accountId: user?.account_id ?? null, actor, action });

  const attempt = await beginAttempt(engine, { kind: 'password', subject: email, ip: origin.ip }, () => note('sign_in.locked'));
  const isRight = await isPassword(user?.status === 'active' ? user.password_hash : null, credentials.password);
  if (!user || !isRight) {
    await note('sign_in.refused');
    throw new AppError('wrong_credentials');
  }
  await attempt.forgive();
  const scope: Scope = { accountId: user.account_id as AccountId, partition: user.partition };
  return openSession(deps, scope, user.id as UserId, { origin, stage: user.is_totp_enabled ? 'second_factor' : 'full' });
}

/** For somebody whose password is right, or was just chosen. @throws AppError account_inactive, wrong_credentials (rights lost meanwhile) */
export async function openSession(
  deps: AccessDeps,
  scope: Scope,
  userId: UserId,
  { origin, stage }: { origin: Origin; stage: 'second_factor' | 'full' },
): Promise<SignedIn> {
  const { db, engine } = deps;
  const before = await rightsVersion(db, userId);
  const snapshot = await buildSnapshot(db, userId);
  if (!snapshot) throw new AppError('account_inactive');
  const ttlMs = stage === 'full' ? SESSION_TTL_MS : SECOND_FACTOR_TTL_MS;
  const { token, session } = await engine.sessions.create(scope, { userId, ...origin, stage, principal: JSON.stringify(snapshot), ttlMs });
  await endIfRightsChanged(deps, scope, session, before);
  if (stage === 'full')
    await writeAudit(db, { accountId: scope.accountId, actor: userActor(userId, snapshot.name, origin), action: 'sign_in.passed' });
  return { token, stage, ttlMs };
}

/** Rights that changed while a session was being opened did not reach it: it ends, and the person signs in again. */
async function endIfRightsChanged({ db, engine }: AccessDeps, scope: Scope, session: Session, before: number | undefined): Promise<void> {
  if ((await rightsVersion(db, session.userId)) === before) return;
  await engine.sessions.revoke(scope, session.userId, { sessionIds: [session.id], reason: 'rights.changed' });
  throw new AppError('wrong_credentials', { detail: 'Your account was changed at this moment. Sign in again.' });
}

async function rightsVersion(db: AccessDeps['db'], userId: UserId): Promise<number | undefined> {
  const row = await db.selectFrom('app_user').select('rights_version').where('id', '=', userId).executeTakeFirst();
  return row?.rights_version;
}

/** The code for a session that waits for it: six digits of the app, or a recovery code. @throws AppError as `signIn`, and unauthenticated */
export async function passSecondFactor(deps: AccessDeps, token: string, code: string, origin: Origin): Promise<{ ttlMs: number }> {
  const { db, engine } = deps;
  const found = await engine.sessions.find(token);
  if (found?.session.stage !== 'second_factor')
    throw new AppError('unauthenticated', { detail: 'Sign in with e-mail and password first.' });
  const { scope, session } = found;
  const before = await rightsVersion(db, session.userId);
  const snapshot = await buildSnapshot(db, session.userId);
  if (!snapshot) throw new AppError('account_inactive');
  await checkCode(deps, { accountId: scope.accountId, userId: session.userId, name: snapshot.name, code, origin });
  const isOpen = await engine.sessions.complete(scope, session.id, JSON.stringify(snapshot), SESSION_TTL_MS);
  if (!isOpen) throw new AppError('unauthenticated');
  await endIfRightsChanged(deps, scope, session, before);
  await writeAudit(db, {
    accountId: scope.accountId,
    actor: userActor(session.userId, snapshot.name, origin),
    action: 'sign_in.passed',
    detail: { secondFactor: true },
  });
  return { ttlMs: SESSION_TTL_MS };
}

/** Uses up a code. @throws AppError wrong_credentials, rate_limited */
export async function checkCode(
  deps: AccessDeps,
  { accountId, userId, name, code, origin }: { accountId: AccountId; userId: UserId; name: string; code: string; origin: Origin },
): Promise<void> {
  const note = (action: 'second_factor.refused' | 'second_factor.locked'): Promise<void> =>
    writeAudit(deps.db, { accountId, actor: userActor(userId, name, origin), action });
  const attempt = await beginAttempt(deps.engine, { kind: 'code', subject: userId, ip: origin.ip }, () => note('second_factor.locked'));
  const isRight = /^\d{6}$/.test(code) ? await useTotpCode(deps, userId, code) : await useRecoveryCode(deps, userId, code);
  if (!isRight) {
    await note('second_factor.refused');
    throw new AppError('wrong_credentials');
  }
  await attempt.forgive();
}

async function useTotpCode({ db, secretKey }: AccessDeps, userId: UserId, code: string): Promise<boolean> {
  const user = await db.selectFrom('app_user').select('totp_secret').where('id', '=', userId).executeTakeFirst();
  if (!user?.totp_secret) return false;
  const step = stepOfCode(unseal(secretKey, totpPurpose(userId), user.totp_secret), code, Date.now());
  if (step === undefined) return false;
  const used = await db
    .updateTable('app_user')
    .set({ totp_last_step: step })
    .where('id', '=', userId)
    .where('totp_last_step', '<', step)
    .executeTakeFirst();
  return used.numUpdatedRows === 1n;
}

async function useRecoveryCode({ db }: AccessDeps, userId: UserId, code: string): Promise<boolean> {
  const used = await db
    .updateTable('recovery_code')
    .set({ used_at: sql`now()` })
    .where('user_id', '=', userId)
    .where('code_hash', '=', hashToken(code.toLowerCase().trim()))
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return used.numUpdatedRows === 1n;
}

/** Binds a sealed secret to its user. */
export function totpPurpose(userId: string): string {
  return `totp ${userId}`;
}
