/** Calls routes of a table as the gateway does: right, validation, handler, and the answer checked against what the table promises. */
import type { ZodType } from 'zod';
import type { Route, RouteRequest, RouteResponse } from '../../src/api/route.ts';
import { type ActionScope, can, type KeyPrincipal, type Principal, type UserPrincipal, type VisitorPrincipal } from '../../src/auth/can.ts';
import { AppError } from '../../src/base/errors.ts';
import { type AccountId, type ContactId, newId, type UserId } from '../../src/base/ids.ts';

export interface Given {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: Buffer;
}

/** `request` is method and path. @throws AppError as the handler */
export async function callRoute(
  routes: readonly Route[],
  principal: Principal,
  request: string,
  { query = {}, headers = {}, bytes = Buffer.alloc(0) }: Given = {},
): Promise<RouteResponse> {
  const [method = '', path = ''] = request.split(' ');
  const segments = path.split('/');
  const route = routes.find((each) => {
    const shape = each.path.split('/');
    return (
      each.method === method && shape.length === segments.length && shape.every((part, at) => part.startsWith(':') || part === segments[at])
    );
  });
  if (!route) throw new Error(`no route ${request}`);
  if (principal.kind === 'nobody') throw new AppError('unauthenticated');
  const scope: ActionScope =
    principal.kind === 'visitor'
      ? { kind: 'own', accountId: principal.accountId, ownerId: principal.contactId }
      : { kind: 'account', accountId: principal.accountId };
  if (!can(principal, route.action, scope)) throw new AppError('forbidden');
  const params = Object.fromEntries(
    route.path.split('/').flatMap((part, at) => (part.startsWith(':') ? [[part.slice(1), segments[at] ?? '']] : [])),
  );
  const seen = {
    principal,
    params: valid(route.params, params),
    query: valid(route.query, query),
    body: undefined,
    bytes,
    ip: '192.0.2.1',
    userAgent: 'test',
    requestId: 'test',
    header: (name: string) => headers[name.toLowerCase()],
  };
  const response = await route.handler(seen as unknown as RouteRequest<never, never, never>);
  const schema = route.answers[response.status];
  if (!schema) throw new Error(`${request} answered ${response.status}, which its table does not name`);
  if ('parse' in schema) schema.parse(JSON.parse(JSON.stringify(response.body)));
  return response;
}

/** The code of the error that the call ends with; undefined when it succeeds. */
export async function refusal(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

function valid(schema: ZodType | undefined, given: unknown): unknown {
  const result = schema?.safeParse(given);
  if (!result) return undefined;
  if (!result.success)
    throw new AppError('invalid', { fields: result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) });
  return result.data;
}

export function visitor(accountId: AccountId, contactId: ContactId): VisitorPrincipal {
  return { kind: 'visitor', accountId, contactId, groupPublicId: 'test' };
}

export function agent(accountId: AccountId, userId: UserId, serves: readonly string[]): UserPrincipal {
  return { kind: 'user', accountId, userId, name: 'Anna', role: 'member', supervises: [], serves, sessionId: newId('session') };
}

export function supervisor(accountId: AccountId, supervises: readonly string[]): UserPrincipal {
  return {
    kind: 'user',
    accountId,
    userId: newId('user'),
    name: 'Sara',
    role: 'member',
    supervises,
    serves: [],
    sessionId: newId('session'),
  };
}

export function admin(accountId: AccountId): UserPrincipal {
  return {
    kind: 'user',
    accountId,
    userId: newId('user'),
    name: 'Ada',
    role: 'admin',
    supervises: [],
    serves: [],
    sessionId: newId('session'),
  };
}

export function restKey(accountId: AccountId): KeyPrincipal {
  return { kind: 'key', accountId, keyId: newId('apiKey'), type: 'rest' };
}
