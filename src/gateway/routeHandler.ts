/**
 * What happens to a request that found its route, in this order: who is it, may it, is it too often, is it well formed, was it answered
 * before, then the handler. Created once per gateway. Every refusal is an `AppError`; `problem.ts` turns it into the answer.
 */
import type { ZodType } from 'zod';
import type { GatewayLimits } from '../../config/limits.ts';
import type { Engine } from '../../queues/engine.ts';
import type { Route, RouteRequest, RouteResponse } from '../api/route.ts';
import { malformedAt } from '../api/wellFormed.ts';
import { type ActionScope, can, type Principal } from '../auth/can.ts';
import { withVisits } from '../auth/visits.ts';
import { countedAddress } from '../base/address.ts';
import { AppError, type FieldError } from '../base/errors.ts';
import type { AccountDirectory, KnownAccount } from './accountDirectory.ts';
import { foreignOrigin, isOriginAllowed, OriginRefused } from './cors.ts';
import { credentialsOf, type ResolvePrincipal } from './credentials.ts';
import type { Exchange } from './exchange.ts';
import type { Idempotency } from './idempotency.ts';

export interface RouteHandlerDeps {
  readonly engine: Pick<Engine, 'rates' | 'views'>;
  readonly accounts: AccountDirectory;
  readonly resolvePrincipal: ResolvePrincipal;
  readonly idempotency: Idempotency;
  readonly limits: GatewayLimits;
  /** `https` or `http`, as the client speaks it: our own TLS, or what a trusted proxy says. */
  readonly protoOf: (exchange: Exchange) => string | undefined;
}

const NOBODY: Principal = { kind: 'nobody' };

type Handle = (exchange: Exchange, route: Route, params: Readonly<Record<string, string>>, body: Promise<Buffer>) => Promise<RouteResponse>;

/** @throws AppError from the returned function. `body` must be on its way already: see `Exchange.receive`. */
export function createRouteHandler(deps: RouteHandlerDeps): Handle {
  return async (exchange, route, params, body) => {
    const found = route.isBare ? NOBODY : await deps.resolvePrincipal(credentialsOf(exchange));
    if (!route.isBare) await limitRate(deps, exchange, route, found);
    const account = found.kind === 'nobody' ? undefined : await deps.accounts.find(found.accountId);
    const principal = found.kind === 'user' && account ? await withVisits(deps.engine, account, found) : found;
    guard(route, principal, account);
    guardOrigin(exchange, principal, account);
    const bytes = await body;
    const request: RouteRequest<unknown, unknown, unknown> = {
      principal,
      params: validated(route.params, params, 'params'),
      query: validated(route.query, queryOf(exchange.query), 'query'),
      body: route.bodyKind === 'bytes' ? undefined : validated(route.body, jsonOf(exchange, route, bytes), 'body'),
      bytes,
      ip: exchange.ip,
      userAgent: (exchange.header('user-agent') ?? '').slice(0, 400),
      requestId: exchange.requestId,
      header: (name) => (name.toLowerCase() === 'x-forwarded-proto' ? deps.protoOf(exchange) : exchange.header(name.toLowerCase())),
    };
    const run = (): Promise<RouteResponse> => route.handler(request as RouteRequest<never, never, never>);
    const key = route.isIdempotent ? exchange.header('idempotency-key') : undefined;
    if (key === undefined || !account) return run();
    const same = Buffer.concat([Buffer.from(`${exchange.method} ${exchange.path}?${exchange.query}\n`), bytes]);
    return deps.idempotency.once(account.scope, nameOf(principal), key, same, run);
  };
}

/** Stable text for a principal: counters and idempotency keys are bound to it. */
function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
      return principal.userId;
    case 'key':
      return principal.keyId;
    case 'visitor':
      return principal.contactId;
    case 'nobody':
      return 'nobody';
  }
}

async function limitRate({ engine, limits }: RouteHandlerDeps, exchange: Exchange, route: Route, principal: Principal): Promise<void> {
  const isStranger = principal.kind === 'nobody' || principal.kind === 'visitor';
  const who = isStranger ? countedAddress(exchange.ip) : nameOf(principal);
  const general = engine.rates.take(`http:${who}`, isStranger ? limits.strangerRequestsPerMin : limits.requestsPerMin, 60);
  const own =
    route.perMinute === undefined ? undefined : engine.rates.take(`http:${route.method} ${route.path}:${who}`, route.perMinute, 60);
  for (const taken of await Promise.all([general, own])) {
    if (taken && !taken.isAllowed) throw new AppError('rate_limited', { retryAfterSec: taken.retryAfterSec });
  }
}

/** 401 for nobody, 403 for a principal without the right. An inactive account serves nothing but its administration. */
function guard(route: Route, principal: Principal, account: KnownAccount | undefined): void {
  if (route.action === 'public') return;
  if (principal.kind === 'nobody') throw new AppError('unauthenticated');
  const scope: ActionScope =
    principal.kind === 'visitor'
      ? { kind: 'own', accountId: principal.accountId, ownerId: principal.contactId }
      : { kind: 'account', accountId: principal.accountId };
  if (!can(principal, route.action, scope)) throw new AppError('forbidden');
  const isAdmin = principal.kind === 'user' && principal.role !== 'member';
  if (account && !account.doc.isActive && !isAdmin && route.action !== 'session.own') throw new AppError('account_inactive');
}

/** A page of another origin gets in only if the account of its principal lists it; public routes answer to any page. */
function guardOrigin(exchange: Exchange, principal: Principal, account: KnownAccount | undefined): void {
  const origin = foreignOrigin(exchange);
  if (origin === undefined || principal.kind === 'nobody') return;
  if (!account || !isOriginAllowed(account.doc.origins, origin)) throw new OriginRefused();
}

function queryOf(query: string): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of new URLSearchParams(query)) {
    const known = fields[name];
    fields[name] = known === undefined ? value : [known, value].flat();
  }
  return fields;
}

function jsonOf(exchange: Exchange, route: Route, bytes: Buffer): unknown {
  if (!route.body) return undefined;
  if (bytes.length === 0) return undefined;
  const type = exchange.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new AppError('unsupported_media', { detail: 'Send application/json.' });
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new AppError('bad_request', { detail: `The body is not JSON: ${(error as SyntaxError).message.slice(0, 120)}`, cause: error });
  }
}

function validated(schema: ZodType | undefined, given: unknown, part: string): unknown {
  if (!schema) return part === 'body' ? undefined : {};
  const result = schema.safeParse(given);
  const malformed = result.success ? malformedAt(result.data) : undefined;
  if (result.success && malformed === undefined) return result.data;
  const fields = result.success
    ? [{ path: malformed || part, message: 'holds what is no character' }]
    : result.error.issues.slice(0, 50).map((issue): FieldError => ({ path: issue.path.join('.') || part, message: issue.message }));
  // An address that cannot be anything's is an address of nothing.
  if (part === 'params') throw new AppError('not_found');
  throw new AppError('invalid', { detail: `In the ${part}.`, fields });
}
