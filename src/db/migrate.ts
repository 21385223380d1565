/**
 * Brings a database to this release: the files of `migrations/` in the order of their numbers, forward only, each in a
 * transaction, recorded with its checksum. Called at start by the worker role and once for the tests' template.
 * Any number of processes may call it at once (advisory lock); a database that is newer, or whose past differs, is refused.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createLogger, type Logger } from '../base/log.ts';
import { retryWhileAway } from './database.ts';

const FOLDER = join(import.meta.dirname, 'migrations');
const FILE_PATTERN = /^(\d{4})_[a-z0-9_]+\.sql$/;
/** Checksums that a file had before it was mended, each in a line of its own: what was applied then has the same outcome. */
const FORMERLY = /^-- formerly: ([0-9a-f]{64})/gm;
/** Any fixed number: names the lock under which migrations run. */
const LOCK = 7_236_845;

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
  /** Of earlier contents, which some databases were made with. */
  readonly formerly: readonly string[];
}

/** Thrown when the database is not one that this release may touch; the message says how to go on. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

/** Applies what is missing; returns the names applied now. @throws MigrationError, AppError unavailable */
export async function migrate(
  databaseUrl: string,
  log: Logger = createLogger('migrate', 'warn'),
  folder: string = FOLDER,
): Promise<string[]> {
  const migrations = readMigrations(folder);
  const client = await retryWhileAway(() => connect(databaseUrl), log);
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    return await applyMissing(client, migrations, log);
  } finally {
    // The lock belongs to the connection and goes with it.
    await client.end();
  }
}

/** The migrations of a folder in order. @throws MigrationError when numbers are missing or doubled. */
export function readMigrations(folder: string = FOLDER): Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  return files.map((file, index) => {
    const number = Number(FILE_PATTERN.exec(file)?.[1]);
    if (number !== index + 1)
      throw new MigrationError(`${file}: expected number ${String(index + 1).padStart(4, '0')}, as in 0001_name.sql`);
    const sql = readFileSync(join(folder, file), 'utf8');
    const formerly = [...sql.matchAll(FORMERLY)].map(([, checksum = '']) => checksum);
    return { number, name: file, sql, checksum: createHash('sha256').update(sql).digest('hex'), formerly };
  });
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000, application_name: 'centralino migrate' });
  // A connection lost between two statements also fails the next one; this only keeps the event from ending the process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function applyMissing(client: pg.Client, migrations: readonly Migration[], log: Logger): Promise<string[]> {
  await client.query(`create table if not exists migration (
    number integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`);
  const done = await client.query<{ number: number; name: string; checksum: string }>(
    'select number, name, checksum from migration order by number',
  );
  for (const past of done.rows) {
    const known = migrations[past.number - 1];
    if (!known)
      throw new MigrationError(
        `The database is newer than this release (it has ${past.name}). Start the newer release, or restore a backup.`,
      );
    if (known.checksum !== past.checksum && !known.formerly.includes(past.checksum))
      throw new MigrationError(`${past.name} was applied with another content than ${known.name} has now. Put the file back.`);
  }
  const applied: string[] = [];
  for (const migration of migrations.slice(done.rows.length)) {
    await client.query('begin');
    try {
      await client.query(migration.sql);
      await client.query('insert into migration (number, name, checksum) values ($1, $2, $3)', [
        migration.number,
        migration.name,
        migration.checksum,
      ]);
      await client.query('commit');
    } catch (cause) {
      // The caller ends the connection, which rolls back.
      throw new MigrationError(`${migration.name} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
    log.info({ migration: migration.name }, 'database.migrated');
    applied.push(migration.name);
  }
  return applied;
}
