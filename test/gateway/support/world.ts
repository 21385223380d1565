/**
 * Gateways as shipped, for tests: a Redis and a database of their own, real routes and sockets, people who signed in through the API.
 * Made by `startWorld`, ended by `close`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadEnv } from '../../../config/env.ts';
import { createEngine, type RunningEngine, startRoutingWorkers } from '../../../queues/index.ts';
import { foundAccount } from '../../../src/accounts/foundAccount.ts';
import { createLogger } from '../../../src/base/log.ts';
import { createDatabase } from '../../../src/db/database.ts';
import { type RunningGateway, startGateway } from '../../../src/gateway/role.ts';
import { createTestDatabase, startTestRedis, type TestDatabase, type TestRedis } from '../../support/services.ts';
import { type Frame, RawSocket } from './rawSocket.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
  readonly body: any;
}

export interface Person {
  readonly id: string;
  readonly token: string;
}

/** An account with its super-admin, one manual queue and one group. */
export interface Tenant {
  readonly accountId: string;
  readonly owner: Person;
  readonly queue: string;
  readonly group: { readonly id: string; readonly publicId: string };
}

export interface Visitor {
  readonly socket: RawSocket;
  readonly token: string;
  readonly contact: string;
}

const PASSWORD = 'correct horse battery';
const SECRET_KEY = 'k'.repeat(40);

export class World {
  readonly redis: TestRedis;
  readonly database: TestDatabase;
  readonly engine: RunningEngine;
  readonly gateways: RunningGateway[] = [];
  readonly dataDir = mkdtempSync(join(tmpdir(), 'centralino-gateway-'));
  readonly #log = createLogger('test', process.env['TEST_LOG'] ?? 'silent');
  readonly #db: ReturnType<typeof createDatabase>;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #people = 0;

  private constructor(redis: TestRedis, database: TestDatabase, engine: RunningEngine) {
    this.redis = redis;
    this.database = database;
    this.engine = engine;
    this.#db = createDatabase(database.url, this.#log);
  }

  static async start(settings: Record<string, string> = {}): Promise<World> {
    const [redis, database] = await Promise.all([startTestRedis(), createTestDatabase()]);
    const engine = await createEngine({ redisUrl: redis.url, nodeId: 'test-worker', log: createLogger('test', 'silent') });
    const world = new World(redis, database, engine);
    const workers = await startRoutingWorkers(engine, { log: world.#log, sinks: [], logBudgetBytes: 512_000_000 });
    world.#closers.push(() => workers.close());
    await world.addGateway(settings);
    return world;
  }

  /** One more gateway on the same Redis and database. */
  async addGateway(settings: Record<string, string> = {}, secretKey = SECRET_KEY): Promise<RunningGateway> {
    const env = loadEnv({
      HTTP_PORT: '0',
      HTTP_HOST: '127.0.0.1',
      REDIS_URL: this.redis.url,
      DATABASE_URL: this.database.url,
      DRAIN_SEC: '0',
      LIMIT_FACTOR: '100',
      ...settings,
    });
    const gateway = await startGateway({
      env,
      log: this.#log,
      dataDir: this.dataDir,
      nodeId: `gateway-${this.gateways.length}-${process.pid}`,
      secretKey,
    });
    this.gateways.push(gateway);
    return gateway;
  }

  get port(): number {
    return this.gateways[0]?.port ?? 0;
  }

  async close(): Promise<void> {
    for (const gateway of this.gateways) await gateway.close('test over');
    for (const closer of this.#closers) await closer();
    await this.engine.close('test over');
    await this.#db.close();
    await this.redis.stop();
    await this.database.drop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** `method` and path, e.g. `call('GET /api/v1/users', { as: token })`. */
  async call(
    request: string,
    { as, body, headers = {}, port = this.port }: { as?: string; body?: unknown; headers?: Record<string, string>; port?: number } = {},
  ): Promise<Answer> {
    const [method = '', path = ''] = request.split(' ');
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body !== undefined && !isRaw ? { 'content-type': 'application/json' } : {}),
        ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
  }

  async tenant(name = 'Tenant'): Promise<Tenant> {
    const deps = { db: this.#db.kysely, engine: this.engine, log: this.#log };
    const { accountId, userId, invitation } = await foundAccount(deps, {
      legalName: name,
      email: `owner${++this.#people}@example.com`,
      name: `${name} Owner`,
    });
    const owner = { id: userId, token: await this.#accept(invitation.token) };
    const queue = (await this.#made('POST /api/v1/queues', owner.token, { name: 'Support' })).id as string;
    const group = await this.#made('POST /api/v1/groups', owner.token, { name: 'Website', queueId: queue });
    return { accountId, owner, queue, group: { id: group.id, publicId: group.publicId } };
  }

  /** Invited by the owner, with a role in the queue. */
  async person(tenant: Tenant, name: string, role: 'agent' | 'supervisor' = 'agent', queue: string = tenant.queue): Promise<Person> {
    const email = `person${++this.#people}@example.com`;
    const made = await this.#made('POST /api/v1/users', tenant.owner.token, { email, name, queues: [{ id: queue, role }] });
    return { id: made.user.id, token: await this.#accept(String(made.invitation.url).split('/').at(-1) ?? '') };
  }

  async visitor(tenant: Tenant, options: { token?: string; port?: number; headers?: Record<string, string> } = {}): Promise<Visitor> {
    const socket = await RawSocket.connect(options.port ?? this.port, options.headers);
    const hello = await socket.reply({
      t: 'hello',
      v: 1,
      as: 'visitor',
      group: tenant.group.publicId,
      ...(options.token ? { token: options.token } : {}),
    });
    return { socket, token: hello.token, contact: hello.contact };
  }

  /** A desk: greeted, and signed in to the queues. */
  async desk(person: Person, { port = this.port, isSigningIn = true } = {}): Promise<RawSocket> {
    const socket = await RawSocket.connect(port);
    await socket.reply({ t: 'hello', v: 1, as: 'agent', token: person.token, device: { id: `d${person.id.slice(-8)}`, name: 'Test' } });
    if (isSigningIn) await socket.reply({ t: 'agent.signIn', key: `sign-in-${person.id.slice(-8)}` });
    return socket;
  }

  /** A conversation the visitor opened. */
  async chat(visitor: Visitor, text = 'Hello, is anybody there?'): Promise<string> {
    const { interaction } = await visitor.socket.reply({ t: 'chat.start', key: key(), text, name: 'Eva' });
    return (interaction as Frame).id;
  }

  async #made(request: string, as: string, body: unknown): Promise<Frame> {
    const answer = await this.call(request, { as, body });
    if (answer.status !== 201) throw new Error(`${request} gave ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async #accept(invitation: string): Promise<string> {
    const { status, body } = await this.call('POST /api/v1/auth/invitations/accept', {
      body: { token: invitation, password: PASSWORD, transport: 'token' },
    });
    if (status !== 200) throw new Error(`accepting the invitation gave ${status} ${JSON.stringify(body)}`);
    return body.token;
  }
}

let keys = 0;
/** A fresh client key. */
export function key(): string {
  return `key-${process.pid}-${++keys}-00000000`.slice(0, 40);
}
