/** The migrations and the connection on a real PostgreSQL. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ID_PATTERN } from '../../src/base/ids.ts';
import { createLogger } from '../../src/base/log.ts';
import { createDatabase, type Db } from '../../src/db/database.ts';
import { migrate, readMigrations } from '../../src/db/migrate.ts';
import { DEFAULT_REASONS } from '../../src/routing/pauseReasonFields.ts';
import { startTestPostgres, type TestServer, until } from '../support/services.ts';

/** What releases 0.2.0 to 0.6.0 applied to the databases that they made: number, and how the checksum of the file began. */
const RELEASED: readonly (readonly [number, string])[] = [
  [1, '769604821f533bdc'],
  [2, 'f30621c48dbe4df4'],
  [3, 'd344484faf4c82db'],
  [4, 'a3963ce73e1e0ab4'],
  [5, '9aff6aacff180097'],
  [6, '73a47cdc97ca97ec'],
  [7, '278f20f270ac5313'],
  [7, 'd63fb5825b3d124d'],
  [8, '6b97e6ea345ce90f'],
  [9, '0c01a4e7519e2cc0'],
  [10, '521574971ab38f64'],
];

const log = createLogger('test', 'silent');
let postgres: TestServer;
const folders: string[] = [];

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(async () => {
  await postgres.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** An empty database of its own. */
async function emptyDatabase(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return url.href;
}

function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-migrations-'));
  folders.push(folder);
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql);
  return folder;
}

describe('migrations', () => {
  test('RTE-7 accounts that were there before get the pause reasons that new ones begin with, and so do their copies', async () => {
    const url = await emptyDatabase('before_reasons');
    const before = Object.fromEntries(
      readMigrations()
        .slice(0, 2)
        .map(({ name, sql }) => [name, sql]),
    );
    await migrate(url, log, folderWith(before));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(
        `insert into account (id, public_id, partition, legal_name) values ('acc_old', 'old', 1, 'Old'), ('acc_new', 'new', 2, 'New')`,
      );
      await client.query(
        `insert into config_entry (kind, id, account_id, doc) values ('account', 'acc_old', 'acc_old', '{"kind":"account","name":"Old"}')`,
      );
      expect(await migrate(url, log)).toContain('0003_routing.sql');
      const { rows } = await client.query('select account_id, id, name, is_enabled from pause_reason order by account_id, position');
      expect(rows.filter(({ account_id }) => account_id === 'acc_old').map(({ name }) => name)).toEqual([...DEFAULT_REASONS]);
      expect(rows).toHaveLength(2 * DEFAULT_REASONS.length);
      for (const { id } of rows) expect(id).toMatch(ID_PATTERN);
      const entry = (await client.query('select version, doc from config_entry')).rows[0];
      expect(entry.doc).toMatchObject({ name: 'Old', pauseReasons: DEFAULT_REASONS.map((name) => ({ name })) });
      expect(Number(entry.version)).toBeGreaterThan(1);
    } finally {
      await client.end();
    }
  });

  test.each(['0007_video_history.sql', '0008_placed_calls.sql'])('a database that has months of history takes %s', async (name) => {
    const url = await emptyDatabase(`months_${name.slice(0, 4)}`);
    const before = readMigrations().filter((migration) => migration.name < name);
    await migrate(url, log, folderWith(Object.fromEntries(before.map((migration) => [migration.name, migration.sql]))));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(`select ensure_history_month('2026-11-01')`);
      expect(await migrate(url, log)).toContain(name);
      const { rows } = await client.query(
        `select pg_get_constraintdef(oid) as rule from pg_constraint where conname = 'segment_kind_check' and conrelid = 'segment_2026_11'::regclass`,
      );
      expect(rows).toHaveLength(1);
      expect(rows[0].rule).toContain('dialling');
    } finally {
      await client.end();
    }
  });

  test('BEY-3 a database of every release is taken: what was applied to it is a file of today, or a former content of one', () => {
    const migrations = readMigrations();
    const isKnown = ([number, start]: readonly [number, string]): boolean => {
      const { checksum = '', formerly = [] } = migrations[number - 1] ?? {};
      return [checksum, ...formerly].some((known) => known.startsWith(start));
    };
    expect(RELEASED.filter((released) => !isKnown(released))).toEqual([]);
  });

  test('a file that was mended is known by its former content, too', async () => {
    const url = await emptyDatabase('mended');
    const first = 'create table thing (id text)';
    await migrate(url, log, folderWith({ '0001_first.sql': first }));
    const mended = (checksum: string) =>
      folderWith({ '0001_first.sql': `-- formerly: ${checksum}\ncreate table if not exists thing (id text)` });
    expect(await migrate(url, log, mended(createHash('sha256').update(first).digest('hex')))).toEqual([]);
    await expect(migrate(url, log, mended('0'.repeat(64)))).rejects.toThrow('Put the file back');
  });

  test('every process may migrate at once: each file is applied exactly once', async () => {
    const url = await emptyDatabase('together');
    const applied = await Promise.all([migrate(url, log), migrate(url, log), migrate(url, log)]);
    expect(applied.flat().sort()).toEqual(readMigrations().map((migration) => migration.name));
    expect(await migrate(url, log)).toEqual([]);
  });

  test('a failed migration leaves nothing behind and goes on from there once it is mended', async () => {
    const url = await emptyDatabase('failing');
    const first = { '0001_first.sql': 'create table one (id int);' };
    await expect(
      migrate(url, log, folderWith({ ...first, '0002_second.sql': 'create table two (id int); select nonsense;' })),
    ).rejects.toThrow(/0002_second.sql failed/);
    expect(await migrate(url, log, folderWith({ ...first, '0002_second.sql': 'create table two (id int);' }))).toEqual(['0002_second.sql']);
  });

  test('a database that is newer, or was changed behind our back, is refused with what to do', async () => {
    const url = await emptyDatabase('newer');
    const both = { '0001_first.sql': 'create table one (id int);', '0002_second.sql': 'create table two (id int);' };
    await migrate(url, log, folderWith(both));
    await expect(migrate(url, log, folderWith({ '0001_first.sql': both['0001_first.sql'] }))).rejects.toThrow(/newer than this release/);
    await expect(migrate(url, log, folderWith({ ...both, '0001_first.sql': 'create table other (id int);' }))).rejects.toThrow(
      /another content/,
    );
    expect(() => readMigrations(folderWith({ '0001_first.sql': '', '0003_third.sql': '' }))).toThrow(/expected number 0002/);
  });
});

describe('the connection', () => {
  test('a lost PostgreSQL makes queries fail as unavailable, never the process, and the pool finds it again', async () => {
    const own = await startTestPostgres();
    const database = createDatabase(own.url, log);
    try {
      await database.ready();
      // Two connections while the server dies: one idle in the pool, one inside a transaction.
      const one = (on: Db) => sql`select 1`.execute(on);
      await Promise.all([one(database.kysely), one(database.kysely)]);
      const failure = database.kysely
        .transaction()
        .execute(async (trx) => {
          await one(trx);
          await own.kill9();
          // Its children outlive a killed PostgreSQL by a moment, and answer.
          for (;;) await one(trx);
        })
        .catch((error: unknown) => error);
      expect(await failure).toMatchObject({ name: 'AppError', code: 'unavailable' });
      const refusal = await until(
        () =>
          one(database.kysely).then(
            () => undefined,
            (error: unknown) => error,
          ),
        { what: 'a query being refused' },
      );
      expect(refusal).toMatchObject({ name: 'AppError', code: 'unavailable' });
      expect(await database.isUp()).toBe(false);
      await expect(database.ready({ forMs: 300 })).rejects.toMatchObject({ code: 'unavailable' });
      await own.restart();
      await until(() => database.isUp(), { what: 'the pool being connected again' });
      await database.ready();
    } finally {
      await database.close();
      await own.stop();
    }
  });
});
