/**
 * The embedded Redis and PostgreSQL of one DATA_DIR: passwords and ports kept there, each started on demand.
 * Used by the supervisor, which keeps them running, and as the roles `redis` and `postgres` of a process without one.
 */
import { join } from 'node:path';
import type { Env } from '../../config/env.ts';
import type { RoleContext, RunningRole } from '../base/context.ts';
import type { Logger } from '../base/log.ts';
import { choosePort, keptPort, readSecrets } from './dataDir.ts';
import { PostgresServer, postgresUrl } from './postgresServer.ts';
import { askRedis } from './redisProbe.ts';
import { RedisServer, redisUrl } from './redisServer.ts';

const DATABASE = 'centralino';

interface Place {
  readonly env: Env;
  readonly dataDir: string;
  readonly log: Logger;
}

export async function openRedis({ env, dataDir, log }: Place): Promise<RedisServer> {
  const password = readSecrets(dataDir).redisPassword;
  const dir = join(dataDir, 'redis');
  const isOurs = async (port: number): Promise<boolean> => {
    if (RedisServer.isLeftover(dir)) return true;
    try {
      await askRedis(redisUrl({ port, password }), [['PING']]);
      return true;
    } catch {
      // Whatever listens there is no Redis with our password.
      return false;
    }
  };
  const port = await choosePort(dataDir, 'redis', env.REDIS_PORT, isOurs);
  return RedisServer.start({ dir, port, password, onLine: (line) => log.debug({ line }, 'redis') });
}

export async function openPostgres({ env, dataDir, log }: Place): Promise<PostgresServer> {
  const dir = join(dataDir, 'postgres');
  const isOurs = (): Promise<boolean> => Promise.resolve(PostgresServer.isLeftover(dir));
  const port = await choosePort(dataDir, 'postgres', env.POSTGRES_PORT, isOurs);
  const password = readSecrets(dataDir).postgresPassword;
  return PostgresServer.start({ dir, port, password, database: DATABASE, onLine: (line) => log.debug({ line }, 'postgres') });
}

/** Where the servers of a running center are, for a command beside it: as configured, else the embedded ones. Undefined: none was set up yet. */
export function addressesOf(env: Env, dataDir: string): { redisUrl: string; databaseUrl: string } | undefined {
  const redisPort = env.REDIS_PORT || keptPort(dataDir, 'redis');
  const postgresPort = env.POSTGRES_PORT || keptPort(dataDir, 'postgres');
  const redis = env.REDIS_URL ?? (redisPort && redisUrl({ port: redisPort, password: readSecrets(dataDir).redisPassword }));
  const database =
    env.DATABASE_URL ??
    (postgresPort && postgresUrl({ port: postgresPort, password: readSecrets(dataDir).postgresPassword, database: DATABASE }));
  return redis && database ? { redisUrl: redis, databaseUrl: database } : undefined;
}

/** The role `redis`: ends the process when its server ends, so that whoever supervises starts both anew. */
export async function startRedis(context: RoleContext): Promise<RunningRole> {
  const server = await openRedis(context);
  return { provides: { REDIS_URL: server.url }, close: closeOrCrash(server, 'Redis') };
}

/** The role `postgres`. */
export async function startPostgres(context: RoleContext): Promise<RunningRole> {
  const server = await openPostgres(context);
  return { provides: { DATABASE_URL: server.url }, close: closeOrCrash(server, 'PostgreSQL') };
}

function closeOrCrash(server: RedisServer | PostgresServer, name: string): () => Promise<void> {
  let isClosing = false;
  void server.ended.then(({ code, signal }) => {
    if (isClosing) return;
    throw new Error(`${name} ended by itself (${code ?? signal})`);
  });
  return async () => {
    isClosing = true;
    await server.close();
  };
}
