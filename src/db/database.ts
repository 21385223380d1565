/**
 * PostgreSQL as one pool with typed queries on top. Created once per process by the roles that need it.
 * While the server is away every query fails at once with `AppError('unavailable')`, nothing crashes, and the pool
 * connects again by itself. This folder alone imports pg.
 */
import { Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Tables } from './tables.ts';

export type Db = Kysely<Tables>;

export interface Database {
  readonly kysely: Db;
  /** For statements that Kysely does not express (COPY, large batches). Errors are pg's own: see `isDatabaseAway`. */
  readonly pool: pg.Pool;
  /** Waits until the server answers, saying in the log what it waits for. @throws AppError unavailable after `forMs`. */
  ready(options?: { forMs?: number; signal?: AbortSignal }): Promise<void>;
  /** Whether it answers now, within two seconds. */
  isUp(): Promise<boolean>;
  /** Ends all connections after the queries that run. Idempotent. */
  close(): Promise<void>;
}

const POOL_SIZE = 10;
const STATEMENT_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;
const UP_TIMEOUT_MS = 2_000;
const RETRY_MS = 500;
const INT8_OID = 20;

/** int8 as a number: versions and counts stay far below 2^53. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID ? (value: string) => Number(value) : pg.types.getTypeParser(oid, format ?? 'text'),
};

export function createDatabase(url: string, log: Logger): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: POOL_SIZE,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: 2 * STATEMENT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'centralino',
    types,
  });
  const onLost = (error: Error): void => log.warn({ err: error.message }, 'database.connection.lost');
  pool.on('error', onLost);
  // A client in use has no listener of the pool's: without one here a lost server would end the process.
  pool.on('connect', (client) => client.on('error', onLost));

  const kysely = new Kysely<Tables>({
    dialect: new PostgresDialect({
      pool: {
        options: pool.options,
        connect: () => pool.connect().then(guarded, rethrowAsUnavailable),
        end: () => pool.end(),
      },
    }),
  });

  let closing: Promise<void> | undefined;
  return {
    kysely,
    pool,
    async ready(options = {}) {
      const client = await retryWhileAway(() => pool.connect(), log, options);
      client.release();
    },
    async isUp() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), UP_TIMEOUT_MS);
      });
      const answer = pool.query('select 1').then(
        () => true,
        () => false,
      );
      try {
        return await Promise.race([answer, late]);
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      closing ??= pool.end();
      return closing;
    },
  };
}

/** Kysely's view of a pooled client, whose failures say `unavailable` when the server is away. */
function guarded(client: pg.PoolClient): PostgresPoolClient {
  const query = (sql: string, parameters: readonly unknown[]): Promise<pg.QueryResult> =>
    client.query(sql, [...parameters]).catch(rethrowAsUnavailable);
  return { query: query as unknown as PostgresPoolClient['query'], release: (destroy) => client.release(destroy) };
}

function rethrowAsUnavailable(error: unknown): never {
  throw isDatabaseAway(error) ? new AppError('unavailable', { detail: 'The database is not reachable.', cause: error }) : error;
}

const AWAY_ERRNO = new Set(['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** SQLSTATE classes: connection exception, insufficient resources (disk full included), operator intervention (shutdown, statement timeout). */
const AWAY_SQLSTATE = /^(08|53|57)/;
const AWAY_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|not queryable|Client was closed/;

/** Whether the error says that PostgreSQL cannot serve now, as opposed to refusing this statement. */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'unavailable';
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (AWAY_ERRNO.has(code) || (/^[0-9A-Z]{5}$/.test(code) && AWAY_SQLSTATE.test(code)))) return true;
  return AWAY_MESSAGE.test(error.message);
}

/** SQLSTATE 23505: a unique value is taken. `constraint` narrows it to one. */
export function isDuplicate(error: unknown, constraint?: string): boolean {
  const fault = error as { code?: unknown; constraint?: unknown } | undefined;
  return error instanceof Error && fault?.code === '23505' && (constraint === undefined || fault.constraint === constraint);
}

/** Repeats `connect` while the server is away; one log line when waiting begins, then one about every ten seconds. */
export async function retryWhileAway<Client>(
  connect: () => Promise<Client>,
  log: Logger,
  { forMs = 60_000, signal }: { forMs?: number; signal?: AbortSignal } = {},
): Promise<Client> {
  const startedAt = Date.now();
  for (let attempt = 0; ; attempt++) {
    try {
      const client = await connect();
      if (attempt > 0) log.info({ afterMs: Date.now() - startedAt }, 'database.reached');
      return client;
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (signal?.aborted || Date.now() - startedAt > forMs) {
        throw new AppError('unavailable', { detail: `PostgreSQL did not answer within ${forMs} ms: ${reason}`, cause: error });
      }
      if (attempt % 20 === 0) log.warn({ reason, waitedMs: Date.now() - startedAt }, 'database.waiting');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
