/**
 * ACC-5: temporary sign-ins as rights. They are live state and not part of a session's snapshot, so whoever decides about a person of an
 * account where they may stand adds them first. One read of Redis, and none where the account never allowed them.
 */
import type { AccountDoc } from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { UserPrincipal } from './can.ts';

/** @throws AppError unavailable */
export async function withVisits(
  { views }: Pick<Engine, 'views'>,
  { scope, doc }: { readonly scope: Scope; readonly doc: Pick<AccountDoc, 'hasVisits' | 'canSignInAnywhere'> },
  principal: UserPrincipal,
): Promise<UserPrincipal> {
  if (!doc.hasVisits) return principal;
  return { ...principal, visits: await views.temporaryQueues(scope, principal.userId), mayVisit: doc.canSignInAnywhere };
}
