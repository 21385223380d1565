/**
 * A center for a test file: a database and a Redis of its own, and a real gateway that `call` reaches over HTTP, behind a "proxy" that names the
 * client's address. Beside it the engine and database handles that the tests look with. Made by `Center.start`, ended by `close`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { loadEnv } from '../../../config/env.ts';
import { createEngine, type RunningEngine } from '../../../queues/index.ts';
import { foundAccount } from '../../../src/accounts/foundAccount.ts';
import type { AccessDeps } from '../../../src/accounts/index.ts';
import { accessRoutes } from '../../../src/accounts/index.ts';
import type { Route } from '../../../src/api/route.ts';
import type { AccountId } from '../../../src/base/ids.ts';
import { createLogger } from '../../../src/base/log.ts';
import { createDatabase, type Database } from '../../../src/db/database.ts';
import { type RunningGateway, startGateway } from '../../../src/gateway/role.ts';
import { createTestDatabase, startTestRedis, type TestDatabase, type TestRedis } from '../../support/services.ts';

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
  /** The routes of this part. */
  readonly routes: readonly Route[];
  readonly #testDatabase: TestDatabase;
  readonly #gateway: RunningGateway;
  readonly #dataDir: string;
  #people = 0;

  private constructor(parts: {
    testDatabase: TestDatabase;
    redis: TestRedis;
    engine: RunningEngine;
    gateway: RunningGateway;
    dataDir: string;
  }) {
    const log = createLogger('test', 'silent');
    this.redis = parts.redis;
    this.engine = parts.engine;
    this.database = createDatabase(parts.testDatabase.url, log);
    this.deps = { db: this.database.kysely, engine: parts.engine, log, secretKey: 'k'.repeat(40), publicUrl: '' };
    this.routes = accessRoutes(this.deps);
    this.#testDatabase = parts.testDatabase;
    this.#gateway = parts.gateway;
    this.#dataDir = parts.dataDir;
  }

  static async start(): Promise<Center> {
    const log = createLogger('test', 'silent');
    const dataDir = mkdtempSync(join(tmpdir(), 'centralino-access-'));
    const [testDatabase, redis] = await Promise.all([createTestDatabase(), startTestRedis()]);
    const engine = await createEngine({ redisUrl: redis.url, nodeId: 'test', log });
    const settings = { HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', TRUST_PROXY: '1', LIMIT_FACTOR: '100', DRAIN_SEC: '0', DATA_DIR: dataDir };
    const env = { ...loadEnv(settings), REDIS_URL: redis.url, DATABASE_URL: testDatabase.url };
    const gateway = await startGateway({ env, log, dataDir, nodeId: 'gateway', secretKey: 'k'.repeat(40) });
    return new Center({ testDatabase, redis, engine, gateway, dataDir });
  }

  async close(): Promise<void> {
    await this.#gateway.close('test over');
    await this.engine.close('test over');
    await this.database.close();
    await this.redis.stop();
    await this.#testDatabase.drop();
    rmSync(this.#dataDir, { recursive: true });
  }

  /** Nobody can use the database any more: PostgreSQL as it looks when it is away. */
  async loseDatabase(): Promise<void> {
    await this.#testDatabase.drop();
  }

  get databaseUrl(): string {
    return this.#testDatabase.url;
  }

  /** Of the gateway, as people reach it. */
  get url(): string {
    return `http://127.0.0.1:${this.#gateway.port}`;
  }

  /** `method` and path, e.g. `call('GET /api/v1/users')`. Answers are checked against the table of routes. */
  async call(request: string, { as, body, query = {}, headers = {}, ip = '192.0.2.1' }: Call = {}): Promise<Answer> {
    const [method = '', path = ''] = request.split(' ');
    const sent: Record<string, string> = { 'user-agent': 'test agent', 'x-forwarded-for': ip, ...headers };
    if (as !== undefined) sent.authorization = `Bearer ${as}`;
    if (body !== undefined) sent['content-type'] = 'application/json';
    const search = new URLSearchParams(query).size > 0 ? `?${new URLSearchParams(query)}` : '';
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${this.url}${path}${search}`, { method, headers: sent, ...init });
    const text = await response.text();
    const seen = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
    if (response.ok) this.#requireDescribed(method, path, response.status, seen);
    return { status: response.status, headers: Object.fromEntries(response.headers), body: seen };
  }

  /** What was answered must be what the table of routes, and with it the documentation, says. */
  #requireDescribed(method: string, path: string, status: number, body: unknown): void {
    const segments = path.split('/');
    const fits = ({ path: shape }: Route): boolean => {
      const parts = shape.split('/');
      return parts.length === segments.length && parts.every((part, index) => part.startsWith(':') || part === segments[index]);
    };
    const candidates = this.#gateway.routes.filter((route) => route.method === method);
    const route = candidates.find((candidate) => candidate.path === path) ?? candidates.find(fits);
    const answer = route?.answers[status];
    if (!answer) throw new Error(`${method} ${path} answered ${status}, which its table does not name`);
    if ('parse' in answer) (answer as ZodType).parse(body);
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
