/**
 * Sign-in sessions in Redis. A token is `cs_<partition>_<session id>_<secret>`; only the secret's SHA-256 is stored, compared in constant
 * time. Created by the engine.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AppError } from '../src/base/errors.ts';
import type { AccountId, UserId } from '../src/base/ids.ts';
import { ID_PATTERN, newId } from '../src/base/ids.ts';
import { type Commands, isRefused } from './commands.ts';
import type { Scope, Session, Sessions } from './engine.ts';
import { PARTITIONS, partitionKey } from './keys.ts';
import type { ScriptRunner } from './redis.ts';
import { toFields } from './replies.ts';

const TOUCH_MS = 60_000;

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function toSession(id: string, h: Record<string, string>): Session {
  return {
    id,
    accountId: (h['acc'] ?? '') as AccountId,
    userId: (h['user'] ?? '') as UserId,
    createdAt: Number(h['created']),
    lastSeenAt: Number(h['seen']),
    expiresAt: Number(h['expires']),
    ip: h['ip'] ?? '',
    userAgent: h['ua'] ?? '',
    stage: h['stage'] === 'full' ? 'full' : 'second_factor',
    principal: h['pr'] ?? '',
  };
}

function parseToken(token: string): { partition: number; id: string; secret: string } | undefined {
  const match = /^cs_(\d{1,2})_(ses_[0-9a-z]{26})_([A-Za-z0-9_-]{43})$/.exec(token);
  if (!match?.[1] || !match[2] || !match[3]) return undefined;
  const partition = Number(match[1]);
  return partition < PARTITIONS && ID_PATTERN.test(match[2]) ? { partition, id: match[2], secret: match[3] } : undefined;
}

export function createSessions(commands: Commands, runner: ScriptRunner, prefix: string): Sessions {
  const keyOf = (partition: number, id: string) => `${partitionKey(prefix, partition)}:ss:${id}`;

  async function read(partition: number, id: string): Promise<Record<string, string> | undefined> {
    const h = await runner.retrying(() => runner.redis.hgetall(keyOf(partition, id)));
    return h['user'] === undefined ? undefined : h;
  }

  async function change(
    scope: Scope,
    what: {
      what: 'revoke' | 'refresh' | 'complete';
      userId: string;
      reason?: string;
      principal?: string;
      ttlMs?: number;
      except?: string;
      ids?: readonly string[];
    },
  ): Promise<number> {
    const reply = await commands.run('changeSessions', scope.partition, [
      what.userId,
      scope.accountId,
      what.what,
      what.reason ?? '',
      what.principal ?? '',
      what.ttlMs ?? 0,
      what.except ?? '',
      ...(what.ids ?? []),
    ]);
    if (isRefused(reply)) throw new AppError(reply.code);
    return Number(reply[1]);
  }

  return {
    async create(scope, session) {
      const id = newId('session');
      const secret = randomBytes(32).toString('base64url');
      const reply = await commands.run('createSession', scope.partition, [
        id,
        session.userId,
        scope.accountId,
        hashOf(secret),
        session.ip,
        session.userAgent.slice(0, 300),
        session.stage,
        session.principal,
        session.ttlMs,
      ]);
      if (isRefused(reply)) throw new AppError(reply.code);
      return { token: `cs_${scope.partition}_${id}_${secret}`, session: toSession(id, toFields(reply[1])) };
    },

    async find(token) {
      const parts = parseToken(token);
      if (!parts) return undefined;
      const h = await read(parts.partition, parts.id);
      if (!h || !isSame(h['hash'] ?? '', hashOf(parts.secret))) return undefined;
      const session = toSession(parts.id, h);
      if (session.expiresAt < Date.now()) return undefined;
      if (Date.now() - session.lastSeenAt > TOUCH_MS) {
        // Only ever moves an existing record, so a session revoked meanwhile does not come back.
        await runner.retrying(() => runner.run('touchSession', keyOf(parts.partition, parts.id), [Date.now()]));
      }
      return { scope: { accountId: session.accountId, partition: parts.partition }, session };
    },

    async complete(scope, sessionId, principal, ttlMs) {
      const h = await read(scope.partition, sessionId);
      if (!h || h['acc'] !== scope.accountId) return false;
      return (await change(scope, { what: 'complete', userId: h['user'] ?? '', principal, ttlMs, ids: [sessionId] })) === 1;
    },

    async list(scope, userId) {
      const ids = await runner.retrying(() => runner.redis.smembers(`${partitionKey(prefix, scope.partition)}:us:${userId}`));
      const found = await Promise.all(ids.map(async (id) => ({ id, h: await read(scope.partition, id) })));
      return found
        .flatMap(({ id, h }) => (h && h['acc'] === scope.accountId ? [toSession(id, h)] : []))
        .sort((left, right) => right.lastSeenAt - left.lastSeenAt);
    },

    revoke: (scope, userId, options) =>
      options.sessionIds?.length === 0
        ? Promise.resolve(0)
        : change(scope, {
            what: 'revoke',
            userId,
            reason: options.reason,
            ...(options.except === undefined ? {} : { except: options.except }),
            ...(options.sessionIds === undefined ? {} : { ids: options.sessionIds }),
          }),

    refresh: (scope, userId, principal) => change(scope, { what: 'refresh', userId, principal, reason: 'rights' }),
  };
}
