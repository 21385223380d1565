/**
 * The doctor on Redis and PostgreSQL: reachable, new enough, and durable. Asks those that are given (REDIS_URL, DATABASE_URL),
 * else the embedded ones of DATA_DIR when they run; starts nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { readSecrets } from '../../src/supervisor/dataDir.ts';
import { postgresUrl } from '../../src/supervisor/postgresServer.ts';
import { askRedis, configValue, infoField } from '../../src/supervisor/redisProbe.ts';
import { findRedisProgram, redisUrl } from '../../src/supervisor/redisServer.ts';
import type { Env } from '../env.ts';
import { isClusterUrl, redisServers } from '../redisAddress.ts';
import { broken, type Finding, ok, warning } from './finding.ts';

const LEAST_REDIS = 7;
const LEAST_POSTGRES = 14;
/** What must be so, because an answered command must survive a crash and nothing may be evicted. */
const DURABLE = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' } as const;

export async function checkRedis(env: Env): Promise<Finding[]> {
  const url = env.REDIS_URL ?? embeddedUrl(env, 'redis');
  if (!url) {
    const program = findRedisProgram();
    return [
      program
        ? ok('Redis', `embedded (${program}), not started yet`)
        : broken('Redis', 'no redis-server or valkey-server here', 'apt-get install redis-server, or set REDIS_URL'),
    ];
  }
  const servers = await Promise.all(redisServers(url).map((server) => checkServer(env, server)));
  return [...servers.flat(), ...(isClusterUrl(url) ? await checkCluster(redisServers(url)) : [])];
}

async function checkServer(env: Env, url: string): Promise<Finding[]> {
  const { host } = new URL(url);
  let info: Awaited<ReturnType<typeof askRedis>>;
  try {
    info = await askRedis(url, [
      ['INFO', 'server'],
      ['INFO', 'persistence'],
    ]);
  } catch (error) {
    if (!env.REDIS_URL) return [ok('Redis', 'embedded, not running at the moment')];
    return [broken('Redis', `${host} does not answer (${reasonOf(error)})`, 'start it, or correct address and password in REDIS_URL')];
  }
  const version = infoField(info[0], 'redis_version') ?? infoField(info[0], 'valkey_version') ?? '0';
  const findings = [
    Number.parseInt(version, 10) >= LEAST_REDIS
      ? ok('Redis', `version ${version} at ${host}`)
      : broken('Redis', `version ${version} at ${host}`, `use Redis ${LEAST_REDIS} or newer, or Valkey`),
  ];
  const lastWrite = infoField(info[1], 'aof_last_write_status');
  if (lastWrite && lastWrite !== 'ok')
    findings.push(broken('Redis writing', 'the last write to its file failed', 'free space on its disk'));
  return [...findings, ...(await checkDurability(url))];
}

/** Asked of the first node that answers; the others' silence is a finding already. */
async function checkCluster(servers: readonly string[]): Promise<Finding[]> {
  for (const server of servers) {
    const [info] = await askRedis(server, [['CLUSTER', 'INFO']]).catch(() => []);
    const state = infoField(info, 'cluster_state');
    if (state === 'ok')
      return [ok('Redis Cluster', `${infoField(info, 'cluster_size')} nodes own all slots`), ...(await checkCoverage(server))];
    if (state) return [broken('Redis Cluster', `its state is ${state}`, 'redis-cli --cluster check, then --cluster fix')];
  }
  return [
    broken('Redis Cluster', 'no node tells of a cluster', 'use redis:// for a single server, or set cluster-enabled yes on all nodes'),
  ];
}

/** A node that dies should stop its own partitions only. */
async function checkCoverage(server: string): Promise<Finding[]> {
  const name = 'cluster-require-full-coverage';
  const [reply] = await askRedis(server, [['CONFIG', 'GET', name]]).catch(() => []);
  const mend = `redis-cli CONFIG SET ${name} no on every node, and the same in their configuration files`;
  return configValue(reply) === 'yes' ? [warning('Redis Cluster coverage', 'one node that dies stops all accounts', mend)] : [];
}

async function checkDurability(url: string): Promise<Finding[]> {
  try {
    const names = Object.keys(DURABLE) as (keyof typeof DURABLE)[];
    const replies = await askRedis(
      url,
      names.map((name) => ['CONFIG', 'GET', name]),
    );
    return names.map((name, index) => {
      const value = configValue(replies[index]);
      const subject = `Redis ${name}`;
      if (value === DURABLE[name]) return ok(subject, value);
      const consequence =
        name === 'maxmemory-policy' ? 'it may drop live conversations when memory is short' : 'a crash can lose what clients were told';
      return broken(
        subject,
        `${value ?? 'unknown'}: ${consequence}`,
        `redis-cli CONFIG SET ${name} ${DURABLE[name]}, and the same in its configuration file`,
      );
    });
  } catch (error) {
    return [
      warning(
        'Redis durability',
        `cannot be asked (${reasonOf(error)})`,
        "check in your provider's console: appendonly yes, appendfsync always, maxmemory-policy noeviction",
      ),
    ];
  }
}

export async function checkPostgres(env: Env): Promise<Finding[]> {
  const url = env.DATABASE_URL ?? embeddedUrl(env, 'postgres');
  if (!url) return [ok('PostgreSQL', 'embedded, not started yet')];
  const { host } = new URL(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; fsync: string; commit: string; may_create: boolean }>(
      `SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
              has_database_privilege(current_database(), 'CREATE') AS may_create`,
    );
    const row = rows[0];
    if (!row) throw new Error('no answer');
    return [
      Number.parseInt(row.version, 10) >= LEAST_POSTGRES
        ? ok('PostgreSQL', `version ${row.version} at ${host}`)
        : broken('PostgreSQL', `version ${row.version}`, `use PostgreSQL ${LEAST_POSTGRES} or newer`),
      row.fsync === 'on' && row.commit !== 'off'
        ? ok('PostgreSQL durability', 'on')
        : broken('PostgreSQL durability', `fsync ${row.fsync}, synchronous_commit ${row.commit}`, 'set fsync and synchronous_commit to on'),
      row.may_create
        ? ok('PostgreSQL rights', 'may create tables')
        : broken('PostgreSQL rights', 'its user may not create tables', 'GRANT CREATE ON DATABASE … TO its user, for the migrations'),
    ];
  } catch (error) {
    if (!env.DATABASE_URL) return [ok('PostgreSQL', 'embedded, not running at the moment')];
    return [
      broken('PostgreSQL', `${host} does not answer (${reasonOf(error)})`, 'start it, or correct address and password in DATABASE_URL'),
    ];
  } finally {
    await client.end();
  }
}

/** Where the embedded server of DATA_DIR would answer; undefined before the first start. */
function embeddedUrl({ DATA_DIR }: Env, server: 'redis' | 'postgres'): string | undefined {
  const dir = resolve(DATA_DIR);
  const portFile = join(dir, `${server}.port`);
  if (!existsSync(portFile) || !existsSync(join(dir, 'secrets.json'))) return undefined;
  const port = Number(readFileSync(portFile, 'utf8'));
  const { redisPassword, postgresPassword } = readSecrets(dir);
  return server === 'redis'
    ? redisUrl({ port, password: redisPassword })
    : postgresUrl({ port, password: postgresPassword, database: 'centralino' });
}

const reasonOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;
