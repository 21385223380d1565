/** Routes for coming in and going out: sign-in, second factor, invitation, sign-out, "who am I". */
import { z } from 'zod';
import { userActor, writeAuditOrLog } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { noContent } from '../api/fields.ts';
import { type Route, type RouteResponse, route } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import { sessionCookie } from './cookie.ts';
import { acceptInvitation, readInvitation } from './invitations.ts';
import { newPassword } from './password.ts';
import { personOf, requireOwnPage, sessionToken } from './principal.ts';
import { isSecure } from './publicUrl.ts';
import { passSecondFactor, type SignedIn, signIn } from './signIn.ts';

type Headers = { readonly header: (name: string) => string | undefined };

const tag = 'Sign-in';
const transport = z
  .enum(['cookie', 'token'])
  .default('cookie')
  .describe('"cookie" for browsers; "token" puts the bearer token into the answer');
const signedIn = z.object({
  stage: z.enum(['full', 'second_factor']).describe('"second_factor": send the code to /auth/second-factor next'),
  token: z.string().optional().describe('With transport "token": send it as "Authorization: Bearer …"'),
});
const invitationToken = z.string().min(20).max(100);

export const me = z.object({
  user: z.object({ id: z.string(), name: z.string(), role: z.enum(['super_admin', 'admin', 'member']) }),
  account: z.object({ id: z.string(), name: z.string(), isActive: z.boolean() }),
  supervises: z.array(z.string()).describe('Queues'),
  serves: z.array(z.string()).describe('Queues'),
  sessionId: z.string(),
});

export function authRoutes(deps: AccessDeps): Route[] {
  const cookieFor = (token: string, ttlMs: number, request: Headers): Record<string, string> => ({
    'set-cookie': sessionCookie(token, { isSecure: isSecure(deps.publicUrl, request), maxAgeSec: Math.floor(ttlMs / 1000) }),
  });
  const answerSignedIn = ({ token, stage, ttlMs }: SignedIn, kind: 'cookie' | 'token', request: Headers): RouteResponse =>
    kind === 'token'
      ? { status: 200, body: { stage, token } }
      : { status: 200, headers: cookieFor(token, ttlMs, request), body: { stage } };

  return [
    route({
      method: 'POST',
      path: '/api/v1/auth/sign-in',
      summary: 'Sign in with e-mail and password',
      tag,
      action: 'public',
      perMinute: 60,
      body: z.object({ email: z.email().max(200), password: z.string().min(1).max(200), transport }),
      answers: { 200: signedIn },
      handler: async (request) => answerSignedIn(await signIn(deps, request.body, request), request.body.transport, request),
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/second-factor',
      summary: 'Give the code of the authenticator app, or a recovery code',
      tag,
      action: 'public',
      perMinute: 60,
      body: z.object({ code: z.string().trim().min(6).max(20) }),
      answers: { 200: signedIn },
      handler: async (request) => {
        const { token, isCookie } = sessionToken({ cookie: request.header('cookie'), authorization: request.header('authorization') });
        if (token === undefined) throw new AppError('unauthenticated');
        if (isCookie) requireOwnPage({ ownHeader: request.header('x-centralino'), fetchSite: request.header('sec-fetch-site') });
        const { ttlMs } = await passSecondFactor(deps, token, request.body.code, request);
        return { status: 200, body: { stage: 'full' }, ...(isCookie && { headers: cookieFor(token, ttlMs, request) }) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/invitations/read',
      summary: 'Whom an invitation is for',
      tag,
      action: 'public',
      perMinute: 60,
      body: z.object({ token: invitationToken }),
      answers: { 200: z.object({ accountName: z.string(), email: z.string(), name: z.string() }) },
      handler: async (request) => {
        const { accountName, email, name } = await readInvitation(deps.db, request.body.token);
        return { status: 200, body: { accountName, email, name } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/invitations/accept',
      summary: 'Choose the password and sign in',
      tag,
      action: 'public',
      perMinute: 60,
      body: z.object({ token: invitationToken, password: newPassword, transport }),
      answers: { 200: signedIn },
      handler: async (request) => answerSignedIn(await acceptInvitation(deps, request.body, request), request.body.transport, request),
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/sign-out',
      summary: 'End this session',
      tag,
      action: 'session.own',
      answers: { 204: noContent },
      handler: async (request) => {
        const person = personOf(request.principal);
        const scope = await deps.engine.config.scopeOf(person.accountId);
        if (scope) await deps.engine.sessions.revoke(scope, person.userId, { sessionIds: [person.sessionId], reason: 'signed_out' });
        await writeAuditOrLog(deps, {
          accountId: person.accountId,
          actor: userActor(person.userId, person.name, request),
          action: 'sign_in.ended',
        });
        return { status: 204, headers: cookieFor('', 0, request) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/auth/me',
      summary: 'The signed-in person, with rights',
      tag,
      action: 'session.own',
      answers: { 200: me },
      // Answered from Redis alone: a desk loads while PostgreSQL is away.
      handler: async (request) => {
        const person = personOf(request.principal);
        const scope = await deps.engine.config.scopeOf(person.accountId);
        const account = scope && (await deps.engine.config.account(scope));
        const { userId: id, name, role, supervises, serves, sessionId } = person;
        return {
          status: 200,
          body: {
            user: { id, name, role },
            supervises,
            serves,
            sessionId,
            account: { id: person.accountId, name: account?.name ?? '', isActive: account?.isActive ?? false },
          },
        };
      },
    }),
  ];
}
