/** A person's own credentials: password and second factor (ACC-2). Each change asks for the password again. */
import { sql } from 'kysely';
import { z } from 'zod';
import { userActor, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { noContent } from '../api/fields.ts';
import { type Route, type RouteRequest, route } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import { seal } from '../base/seal.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { beginAttempt } from './attempts.ts';
import type { UserPrincipal } from './can.ts';
import { hashPassword, isPassword, newPassword } from './password.ts';
import { personOf } from './principal.ts';
import { hashToken } from './secrets.ts';
import { checkCode, totpPurpose } from './signIn.ts';
import { newRecoveryCodes, newTotpSecret, totpUri } from './totp.ts';

const tag = 'Own credentials';
const password = z.string().min(1).max(200);
const code = z
  .string()
  .trim()
  .regex(/^\d{6}$/, 'six digits');

type Origin = Pick<RouteRequest<unknown, unknown, unknown>, 'ip' | 'userAgent'>;

export function credentialRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/auth/credentials',
      summary: 'E-mail and second factor of the signed-in person',
      tag,
      action: 'session.own',
      answers: { 200: z.object({ email: z.string(), isTotpEnabled: z.boolean(), recoveryCodesLeft: z.number().int() }) },
      handler: async (request) => {
        const { userId } = personOf(request.principal);
        const user = await db
          .selectFrom('app_user')
          .select(['email', 'is_totp_enabled'])
          .where('id', '=', userId)
          .executeTakeFirstOrThrow();
        const left = await db
          .selectFrom('recovery_code')
          .select((eb) => eb.fn.countAll<number>().as('count'))
          .where('user_id', '=', userId)
          .where('used_at', 'is', null)
          .executeTakeFirstOrThrow();
        return { status: 200, body: { email: user.email ?? '', isTotpEnabled: user.is_totp_enabled, recoveryCodesLeft: left.count } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/password',
      summary: 'Change the own password; all other sessions end',
      tag,
      action: 'session.own',
      perMinute: 30,
      body: z.object({ current: password, next: newPassword }),
      answers: { 204: noContent },
      handler: async (request) => {
        const person = personOf(request.principal);
        await requirePassword(deps, person, request.body.current, request);
        const passwordHash = await hashPassword(request.body.next);
        await changeConfig(deps, person.accountId, async (trx, changes) => {
          await trx
            .updateTable('app_user')
            .set({ password_hash: passwordHash, updated_at: sql`now()` })
            .where('id', '=', person.userId)
            .execute();
          changes.rights(person.userId, { reason: 'password.changed', isRevoking: true, exceptSession: person.sessionId });
          await writeAudit(trx, {
            accountId: person.accountId,
            actor: userActor(person.userId, person.name, request),
            action: 'password.changed',
          });
        });
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/totp/enrol',
      summary: 'Begin with an authenticator app: shows the secret; confirm with a code',
      tag,
      action: 'session.own',
      perMinute: 30,
      body: z.object({ password }),
      answers: { 200: z.object({ secret: z.string(), uri: z.string().describe('For the QR code') }) },
      handler: async (request) => {
        const person = personOf(request.principal);
        await requirePassword(deps, person, request.body.password, request);
        const secret = newTotpSecret();
        const updated = await db
          .updateTable('app_user')
          .set({ totp_secret: seal(deps.secretKey, totpPurpose(person.userId), secret), totp_last_step: 0 })
          .where('id', '=', person.userId)
          .where('is_totp_enabled', '=', false)
          .returning('email')
          .executeTakeFirst();
        if (!updated) throw new AppError('wrong_state', { detail: 'The second factor is on already. Switch it off first.' });
        return { status: 200, body: { secret, uri: totpUri(secret, updated.email ?? person.name) } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/totp/confirm',
      summary: 'Switch the second factor on with a first code; shows the recovery codes once',
      tag,
      action: 'session.own',
      perMinute: 30,
      body: z.object({ code }),
      answers: { 200: z.object({ recoveryCodes: z.array(z.string()) }) },
      handler: async (request) => {
        const person = personOf(request.principal);
        await checkCode(deps, { ...person, code: request.body.code, origin: request });
        const recoveryCodes = newRecoveryCodes();
        await db.transaction().execute(async (trx) => {
          const enabled = await trx
            .updateTable('app_user')
            .set({ is_totp_enabled: true })
            .where('id', '=', person.userId)
            .where('is_totp_enabled', '=', false)
            .executeTakeFirst();
          if (enabled.numUpdatedRows !== 1n) throw new AppError('wrong_state', { detail: 'The second factor is on already.' });
          await trx.deleteFrom('recovery_code').where('user_id', '=', person.userId).execute();
          await trx
            .insertInto('recovery_code')
            .values(recoveryCodes.map((text) => ({ user_id: person.userId, code_hash: hashToken(text) })))
            .execute();
          await writeAudit(trx, {
            accountId: person.accountId,
            actor: userActor(person.userId, person.name, request),
            action: 'second_factor.enabled',
          });
        });
        return { status: 200, body: { recoveryCodes } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/totp/disable',
      summary: 'Switch the second factor off',
      tag,
      action: 'session.own',
      perMinute: 30,
      body: z.object({ password }),
      answers: { 204: noContent },
      handler: async (request) => {
        const person = personOf(request.principal);
        await requirePassword(deps, person, request.body.password, request);
        await db.transaction().execute(async (trx) => {
          await trx.updateTable('app_user').set({ is_totp_enabled: false, totp_secret: null }).where('id', '=', person.userId).execute();
          await trx.deleteFrom('recovery_code').where('user_id', '=', person.userId).execute();
          await writeAudit(trx, {
            accountId: person.accountId,
            actor: userActor(person.userId, person.name, request),
            action: 'second_factor.disabled',
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

/** @throws AppError wrong_credentials, rate_limited */
async function requirePassword(deps: AccessDeps, person: UserPrincipal, given: string, origin: Origin): Promise<void> {
  const { accountId, userId, name } = person;
  const note = (action: 'sign_in.refused' | 'sign_in.locked'): Promise<void> =>
    writeAudit(deps.db, { accountId, actor: userActor(userId, name, origin), action, detail: { isSignedIn: true } });
  const attempt = await beginAttempt(deps.engine, { kind: 'password', subject: userId, ip: origin.ip }, () => note('sign_in.locked'));
  const user = await deps.db.selectFrom('app_user').select('password_hash').where('id', '=', userId).executeTakeFirst();
  if (!(await isPassword(user?.password_hash, given))) {
    await note('sign_in.refused');
    throw new AppError('wrong_credentials');
  }
  await attempt.forgive();
}
