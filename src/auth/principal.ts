/**
 * From the credentials of a request or a socket to its principal. Created once per gateway. Sessions are found in Redis, so signed-in
 * people are served while PostgreSQL is away; API keys are read from PostgreSQL and remembered for at most a second, so a revoked key ends at once.
 */
import type { AccessDeps } from '../accounts/deps.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';
import { createKeyFinder, type KeyFinderDeps } from './apiKeys.ts';
import type { Principal, UserPrincipal } from './can.ts';
import { isFromOwnPage, readCookie } from './cookie.ts';
import { principalOf } from './snapshot.ts';

export interface Credentials {
  /** `GET` for sockets. */
  readonly method: string;
  /** The `Cookie` header. */
  readonly cookie: string | undefined;
  /** The `Authorization` header: `Bearer <session token or API key>`. */
  readonly authorization: string | undefined;
  /** `X-Centralino` header. */
  readonly ownHeader: string | undefined;
  /** `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined;
  /** Who sends it. */
  readonly ip: string;
}

/**
 * Credentials that are unknown, expired, revoked or short of their second factor make `nobody`.
 * @throws AppError forbidden (a cookie's change that does not come from our pages), account_inactive and rate_limited (key), unavailable
 */
export type PrincipalResolver = (credentials: Credentials) => Promise<Principal>;

const NOBODY: Principal = { kind: 'nobody' };
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createPrincipalResolver(
  deps: Pick<AccessDeps, 'db' | 'engine'> & Pick<KeyFinderDeps, 'unknownKeysPerMin'>,
): PrincipalResolver {
  const findKey = createKeyFinder(deps);
  return async (credentials) => {
    const { token, isCookie } = sessionToken(credentials);
    if (token === undefined) return NOBODY;
    if (token.startsWith('ck_')) return isCookie ? NOBODY : ((await findKey(token, credentials.ip)) ?? NOBODY);
    const found = await deps.engine.sessions.find(token);
    if (found?.session.stage !== 'full') return NOBODY;
    if (isCookie && !SAFE_METHODS.has(credentials.method)) requireOwnPage(credentials);
    return principalOf(found.session.principal, found.session.id);
  };
}

/** The header wins over the cookie: whoever sends it means it. */
export function sessionToken(credentials: Pick<Credentials, 'cookie' | 'authorization'>): { token: string | undefined; isCookie: boolean } {
  const bearer = /^Bearer +(\S+)$/i.exec(credentials.authorization ?? '')?.[1];
  if (credentials.authorization !== undefined) return { token: bearer, isCookie: false };
  return { token: readCookie(credentials.cookie), isCookie: true };
}

/** @throws AppError forbidden */
export function requireOwnPage(credentials: Pick<Credentials, 'ownHeader' | 'fetchSite'>): void {
  if (!isFromOwnPage(credentials)) throw new AppError('forbidden', { detail: 'Changes with a cookie need the header X-Centralino: 1.' });
}

/** @throws AppError unauthenticated */
export function accountOf(principal: Principal): AccountId {
  if (principal.kind === 'nobody') throw new AppError('unauthenticated');
  return principal.accountId;
}

/** For what only a person has. @throws AppError unauthenticated, forbidden */
export function personOf(principal: Principal): UserPrincipal {
  if (principal.kind === 'nobody') throw new AppError('unauthenticated');
  if (principal.kind !== 'user') throw new AppError('forbidden', { detail: 'Only a signed-in person can do this.' });
  return principal;
}
