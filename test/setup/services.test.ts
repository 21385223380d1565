/** The services that other tests stand on. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askRedis, configValue } from '../../src/supervisor/redisProbe.ts';
import { createTestDatabase, startTestRedis, type TestDatabase, type TestRedis, until } from '../support/services.ts';

let redis: TestRedis;
let database: TestDatabase;

beforeAll(async () => {
  [redis, database] = await Promise.all([startTestRedis(), createTestDatabase()]);
});
afterAll(async () => {
  await Promise.all([redis?.stop(), database?.drop()]);
});

test('OPS test services: Redis is durable as shipped and keeps every answered write over SIGKILL', async () => {
  const [appendOnly, fsync, policy] = await askRedis(redis.url, [
    ['CONFIG', 'GET', 'appendonly'],
    ['CONFIG', 'GET', 'appendfsync'],
    ['CONFIG', 'GET', 'maxmemory-policy'],
  ]);
  expect([appendOnly, fsync, policy].map(configValue)).toEqual(['yes', 'always', 'noeviction']);
  await askRedis(redis.url, [['SET', 'kept', 'yes']]);
  await redis.kill9();
  await expect(askRedis(redis.url, [['PING']])).rejects.toThrow();
  await redis.restart();
  expect(await askRedis(redis.url, [['GET', 'kept']])).toEqual(['yes']);
});

test('OPS test services: every test file has a database of its own', async () => {
  const other = await createTestDatabase();
  expect(other.url).not.toBe(database.url);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  expect(database.url).toContain(rows[0]?.name);
  await client.end();
  await other.drop();
});

test('OPS test services: until returns the value, and names what did not come true', async () => {
  let calls = 0;
  expect(await until(() => (++calls > 2 ? 'there' : undefined))).toBe('there');
  await expect(until(() => false, { timeoutMs: 30, what: 'the moon' })).rejects.toThrow('the moon');
});
