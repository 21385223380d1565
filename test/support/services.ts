/**
 * Real services for tests: a private Redis per caller, one embedded PostgreSQL per run with a database per test file.
 * Everything lives in a temporary folder and dies with the process that started it.
 * Databases are copied from a template to which `src/db/migrate.ts` (export `migrate(databaseUrl)`) was applied once.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { freePort } from '../../src/supervisor/freePort.ts';
import { PostgresServer } from '../../src/supervisor/postgresServer.ts';
import { RedisServer } from '../../src/supervisor/redisServer.ts';

export { freePort };

const PASSWORD = 'test-only';
const TEMPLATE = 'centralino_template';

/** Waits until the condition returns something truthy, and returns it. @throws after `timeoutMs`, with `what`. */
export async function until<Value>(
  condition: () => Value | Promise<Value>,
  { timeoutMs = 30_000, everyMs = 20, what = 'the condition' }: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<Exclude<Value, undefined | null | false | 0 | ''>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<Value, undefined | null | false | 0 | ''>;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export interface TestServer {
  /** Stays the same over `restart`. Of PostgreSQL: of the database `postgres`, as superuser. */
  readonly url: string;
  /** SIGKILL; resolves when the process is gone. Nothing brings it back but `restart`. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and files; stops it cleanly first when it still runs. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

export interface TestRedis extends TestServer {
  readonly port: number;
}

/** A private Redis, durable as shipped (AOF, fsync always, noeviction), on a free port. */
export async function startTestRedis(): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'centralino-redis-'));
  const port = await freePort();
  const server = await restartable(dir, () => RedisServer.start({ dir, port, password: PASSWORD, onLine: () => undefined }));
  return { ...server, port };
}

/**
 * An embedded PostgreSQL of one's own, for tests that kill it. Tests that only need a database take `createTestDatabase`,
 * which uses the one that the run's global set-up started. `isDurable` keeps fsync on.
 */
export async function startTestPostgres({ isDurable = false }: { isDurable?: boolean } = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-postgres-'));
  const port = await freePort();
  // A commit still stands when the process is killed: no `synchronous_commit: off`.
  const hasty = { fsync: 'off', full_page_writes: 'off' };
  const settings = { shared_buffers: '32MB', ...(isDurable ? {} : hasty) };
  const place = { dir: join(folder, 'cluster'), port, password: PASSWORD, database: 'postgres' };
  return restartable(folder, () => PostgresServer.start({ ...place, settings, onLine: () => undefined }));
}

async function restartable(folder: string, start: () => Promise<RedisServer | PostgresServer>): Promise<TestServer> {
  const first = await start();
  let server: typeof first | undefined = first;
  const stop = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  return {
    url: first.url,
    async kill9() {
      const killed = server;
      server = undefined;
      killed?.kill('SIGKILL');
      await killed?.ended;
    },
    async restart() {
      await stop();
      server = await start();
    },
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes the template database and applies the migrations. Called once by the run's global set-up. */
export async function prepareTemplate(serverUrl: string): Promise<void> {
  await query(serverUrl, `CREATE DATABASE ${TEMPLATE}`);
  const file = join(import.meta.dirname, '../../src/db/migrate.ts');
  if (!existsSync(file)) return;
  const { migrate } = (await import(pathToFileURL(file).href)) as { migrate: (databaseUrl: string) => Promise<unknown> };
  await migrate(databaseOf(serverUrl, TEMPLATE));
}

export interface TestDatabase {
  readonly url: string;
  /** Ends all connections to it and removes it. */
  drop(): Promise<void>;
}

/** A database of one's own, migrated, copied from the template in some 50 ms. Call it in `beforeAll`, `drop` in `afterAll`. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env.TEST_POSTGRES_URL;
  if (!serverUrl) throw new Error('no test PostgreSQL: run tests through vitest with config/vitest.config.ts');
  const name = `test_${process.pid}_${Math.random().toString(36).slice(2, 10)}`;
  await query(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  return {
    url: databaseOf(serverUrl, name),
    drop: () => query(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

function databaseOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
