/**
 * From the headers of a request or an upgrade to a principal; created once per gateway. People and keys are the access part's business;
 * visitors (`Authorization: Visitor …`) are resolved here. Cookies that come with a foreign Origin are not looked at.
 */
import type { Engine } from '../../queues/engine.ts';
import type { Principal } from '../auth/can.ts';
import { contactOfToken, readVisitorAuthorization } from '../auth/visitorToken.ts';
import { foreignOrigin } from './cors.ts';
import type { Exchange } from './exchange.ts';

/** What of a request tells who sends it. */
export interface Credentials {
  readonly method: string;
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  /** `X-Centralino` header. */
  readonly ownHeader: string | undefined;
  /** `Sec-Fetch-Site` header. */
  readonly fetchSite: string | undefined;
  readonly ip: string;
}

/** `nobody` when the credentials are unknown, expired, revoked or short of their second factor. */
export type ResolvePrincipal = (credentials: Credentials) => Promise<Principal>;

export function credentialsOf(exchange: Exchange): Credentials {
  return {
    method: exchange.method,
    cookie: foreignOrigin(exchange) === undefined ? exchange.header('cookie') : undefined,
    authorization: exchange.header('authorization'),
    ownHeader: exchange.header('x-centralino'),
    fetchSite: exchange.header('sec-fetch-site'),
    ip: exchange.ip,
  };
}

/** Adds the visitors to what `resolvePerson` knows. */
export function withVisitors(resolvePerson: ResolvePrincipal, config: Engine['config']): ResolvePrincipal {
  return async (credentials) => {
    const visitor = readVisitorAuthorization(credentials.authorization ?? '');
    if (!visitor) return resolvePerson(credentials);
    const found = await config.groupByPublicId(visitor.group);
    if (!found?.group.isActive) return { kind: 'nobody' };
    const { accountId } = found.scope;
    return { kind: 'visitor', accountId, contactId: contactOfToken(accountId, visitor.token), groupPublicId: visitor.group };
  };
}
