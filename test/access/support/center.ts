/**
 * The part "access" running for a test file: a database and a Redis of its own, the real engine, and the table of routes behind `call`,
 * which does with a request what the gateway does (principal, right, validation, errors). Made by `startCenter`, ended by `close`.
 */
import type { ZodType } from 'zod';
import { createEngine, type RunningEngine } from '../../../queues/index.ts';
import { foundAccount } from '../../../src/accounts/foundAccount.ts';
import { type AccessDeps, accessRoutes } from '../../../src/accounts/index.ts';
import type { Route, RouteRequest, RouteResponse } from '../../../src/api/route.ts';
import { can } from '../../../src/auth/can.ts';
import { createPrincipalResolver, type PrincipalResolver } from '../../../src/auth/principal.ts';
import { AppError, ERRORS } from '../../../src/base/errors.ts';
import type { AccountId } from '../../../src/base/ids.ts';
import { createLogger } from '../../../src/base/log.ts';
import { createDatabase, type Database } from '../../../src/db/database.ts';
import { createTestDatabase, startTestRedis, type TestRedis } from '../../support/services.ts';

export interface Call {
  /** Bearer token of a session or key. */
  readonly as?: string | undefined;
  readonly body?: unknown;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly ip?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
  readonly body: any;
}

export interface Tenant {
  readonly accountId: AccountId;
  /** The super-admin's session. */
  readonly token: string;
  readonly userId: string;
  readonly email: string;
}

export const PASSWORD = 'correct horse battery';

export class Center {
  readonly database: Database;
  readonly redis: TestRedis;
  readonly engine: RunningEngine;
  readonly deps: AccessDeps;
  readonly routes: readonly Route[];
  readonly #resolve: PrincipalResolver;
  readonly #drop: () => Promise<void>;
  #people = 0;

  private constructor(parts: { database: Database; redis: TestRedis; engine: RunningEngine; drop: () => Promise<void> }) {
    const { database, redis, engine, drop } = parts;
    this.database = database;
    this.redis = redis;
    this.engine = engine;
    this.deps = {
      db: database.kysely,
      engine,
      log: createLogger('test', 'silent'),
      secretKey: 'k'.repeat(40),
      publicUrl: 'http://center.test',
    };
    this.routes = accessRoutes(this.deps);
    this.#resolve = createPrincipalResolver(this.deps);
    this.#drop = drop;
  }

  static async start(): Promise<Center> {
    const log = createLogger('test', 'silent');
    const [testDatabase, redis] = await Promise.all([createTestDatabase(), startTestRedis()]);
    const engine = await createEngine({ redisUrl: redis.url, nodeId: `test-${process.pid}`, log });
    return new Center({ database: createDatabase(testDatabase.url, log), redis, engine, drop: testDatabase.drop });
  }

  async close(): Promise<void> {
    await this.engine.close('test over');
    await this.database.close();
    await this.redis.stop();
    await this.#drop();
  }

  /** `method` and path, e.g. `call('GET /api/v1/users')`. */
  async call(request: string, { as, body, query = {}, headers = {}, ip = '192.0.2.1' }: Call = {}): Promise<Answer> {
    const [method = '', path = ''] = request.split(' ');
    const sent: Record<string, string> = { host: 'center.test', ...headers, ...(as !== undefined && { authorization: `Bearer ${as}` }) };
    try {
      const response = await this.#answer(method, path, { body, query, ip, header: (name) => sent[name] });
      // Through JSON, as callers see it.
      const seen = response.bytes === undefined ? JSON.parse(JSON.stringify(response.body ?? null)) : response.bytes.toString();
      return { status: response.status, headers: response.headers ?? {}, body: seen };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { code, detail, fields, retryAfterSec } = error;
      return { status: ERRORS[code].http, headers: {}, body: { code, detail, errors: fields, retryAfterSec } };
    }
  }

  async #answer(
    method: string,
    path: string,
    given: { body: unknown; query: unknown; ip: string; header: RouteRequest<never, never, never>['header'] },
  ): Promise<RouteResponse> {
    const { ip, header } = given;
    const principal = await this.#resolve({
      method,
      cookie: header('cookie'),
      authorization: header('authorization'),
      ownHeader: header('x-centralino'),
      fetchSite: header('sec-fetch-site'),
    });
    const { route, params } = this.#find(method, path);
    if (route.action !== 'public') {
      if (principal.kind === 'nobody') throw new AppError('unauthenticated');
      if (!can(principal, route.action, { kind: 'account', accountId: principal.accountId })) throw new AppError('forbidden');
    }
    const request = {
      principal,
      ip,
      header,
      userAgent: 'test agent',
      requestId: 'test',
      bytes: Buffer.alloc(0),
      params: validated(route.params, params),
      query: validated(route.query, given.query),
      body: validated(route.body, given.body),
    };
    const response = await route.handler(request as RouteRequest<never, never, never>);
    const schema = route.answers[response.status];
    if (!schema) throw new Error(`${method} ${path} answered ${response.status}, which its table does not name`);
    if ('parse' in schema) schema.parse(JSON.parse(JSON.stringify(response.body)));
    return response;
  }

  #find(method: string, path: string): { route: Route; params: Record<string, string> } {
    const segments = path.split('/');
    const fits = (route: Route): boolean => {
      const shape = route.path.split('/');
      return (
        route.method === method &&
        shape.length === segments.length &&
        shape.every((part, index) => part.startsWith(':') || part === segments[index])
      );
    };
    const route = this.routes.find((candidate) => candidate.path === path && candidate.method === method) ?? this.routes.find(fits);
    if (!route) throw new Error(`no route ${method} ${path}`);
    const params = route.path.split('/').flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), segments[index] ?? '']] : []));
    return { route, params: Object.fromEntries(params) };
  }

  /** An account with a signed-in super-admin. */
  async tenant(name = 'Tenant'): Promise<Tenant> {
    const email = `owner${++this.#people}@${name.toLowerCase()}.example`;
    const { accountId, userId, invitation } = await foundAccount(this.deps, { legalName: name, email, name: `${name} Owner` });
    return { accountId, userId, email, token: await this.accept(invitation.token) };
  }

  /** Chooses `PASSWORD` with an invitation and gives the session's token. */
  async accept(invitation: string): Promise<string> {
    const { status, body } = await this.call('POST /api/v1/auth/invitations/accept', {
      body: { token: invitation, password: PASSWORD, transport: 'token' },
    });
    if (status !== 200) throw new Error(`accepting the invitation gave ${status} ${JSON.stringify(body)}`);
    return body.token;
  }

  /** Invited by `by`, and signed in. */
  async person(
    by: string,
    options: { role?: string; queues?: { id: string; role: string }[]; name?: string } = {},
  ): Promise<{ id: string; email: string; token: string }> {
    const email = `person${++this.#people}@people.example`;
    const { status, body } = await this.call('POST /api/v1/users', {
      as: by,
      body: { email, name: options.name ?? 'Some Body', ...options },
    });
    if (status !== 201) throw new Error(`inviting gave ${status} ${JSON.stringify(body)}`);
    return { id: body.user.id, email, token: await this.accept(invitationToken(body.invitation.url)) };
  }

  async queue(by: string, name = 'Support'): Promise<string> {
    const { body } = await this.call('POST /api/v1/queues', { as: by, body: { name } });
    return body.id;
  }

  signIn(email: string, password: string = PASSWORD, ip?: string): Promise<Answer> {
    return this.call('POST /api/v1/auth/sign-in', { body: { email, password, transport: 'token' }, ...(ip !== undefined && { ip }) });
  }
}

/** The token in an invitation's link. */
export function invitationToken(url: string): string {
  return url.split('/').at(-1) ?? '';
}

function validated(schema: ZodType | undefined, given: unknown): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new AppError('invalid', { fields: result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })) });
}
