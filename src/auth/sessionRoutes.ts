/** A person's own sign-in sessions: seen, and ended at once (ACC-2). Works while PostgreSQL is away. */
import { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import { userActor, writeAuditOrLog } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { noContent, time } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';
import { personOf } from './principal.ts';

const tag = 'Own sessions';
const sessionView = z.object({
  id: z.string(),
  createdAt: time,
  lastSeenAt: time,
  expiresAt: time,
  ip: z.string(),
  userAgent: z.string(),
  isCurrent: z.boolean(),
});

export function sessionRoutes(deps: AccessDeps): Route[] {
  const { sessions } = deps.engine;
  return [
    route({
      method: 'GET',
      path: '/api/v1/auth/sessions',
      summary: 'Own sign-in sessions, newest first',
      tag,
      action: 'session.own',
      answers: { 200: z.object({ items: z.array(sessionView) }) },
      handler: async (request) => {
        const person = personOf(request.principal);
        const open = await sessions.list(await scopeOf(deps, person.accountId), person.userId);
        const items = open
          .filter((session) => session.stage === 'full')
          .sort((left, right) => right.createdAt - left.createdAt)
          .map(({ id, createdAt, lastSeenAt, expiresAt, ip, userAgent }) => ({
            id,
            createdAt,
            lastSeenAt,
            expiresAt,
            ip,
            userAgent,
            isCurrent: id === person.sessionId,
          }));
        return { status: 200, body: { items } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/auth/sessions/:id',
      summary: 'End one of the own sessions; its sockets close at once',
      tag,
      action: 'session.own',
      params: z.object({ id: z.string().max(40) }),
      answers: { 204: noContent },
      handler: async (request) => {
        const person = personOf(request.principal);
        const { id } = request.params;
        const scope = await scopeOf(deps, person.accountId);
        const ended = await sessions.revoke(scope, person.userId, { sessionIds: [id], reason: 'revoked' });
        if (ended === 0) throw new AppError('not_found');
        const actor = userActor(person.userId, person.name, request);
        await writeAuditOrLog(deps, { accountId: person.accountId, actor, action: 'session.revoked', target: { kind: 'session', id } });
        return { status: 204 };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/auth/sessions',
      summary: 'End all own sessions but this one',
      tag,
      action: 'session.own',
      answers: { 200: z.object({ ended: z.number().int() }) },
      handler: async (request) => {
        const person = personOf(request.principal);
        const scope = await scopeOf(deps, person.accountId);
        const ended = await sessions.revoke(scope, person.userId, { except: person.sessionId, reason: 'revoked' });
        const actor = userActor(person.userId, person.name, request);
        await writeAuditOrLog(deps, { accountId: person.accountId, actor, action: 'session.revoked', detail: { others: ended } });
        return { status: 200, body: { ended } };
      },
    }),
  ];
}

/** @throws AppError unavailable when the account has no place in Redis (yet) */
export async function scopeOf({ engine }: Pick<AccessDeps, 'engine'>, accountId: AccountId): Promise<Scope> {
  const scope = await engine.config.scopeOf(accountId);
  if (!scope) throw new AppError('unavailable', { detail: 'The account is being prepared.' });
  return scope;
}
