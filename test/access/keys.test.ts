/** ACC-8: API keys by type, shown once, stored hashed, revoked at once, last use recorded. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limitsFor } from '../../config/limits.ts';
import { createKeyFinder, newApiKey } from '../../src/auth/apiKeys.ts';
import { until } from '../support/services.ts';
import { Center, type Tenant } from './support/center.ts';

let center: Center;
let owner: Tenant;
beforeAll(async () => {
  center = await Center.start();
  owner = await center.tenant('Acme');
});
afterAll(() => center.close());

async function newKey(type: 'rest' | 'chatbot'): Promise<{ id: string; key: string; prefix: string }> {
  return (await center.call('POST /api/v1/keys', { as: owner.token, body: { name: `our ${type}`, type } })).body;
}
const listed = async (id: string) =>
  (await center.call('GET /api/v1/keys', { as: owner.token })).body.items.find((key: { id: string }) => key.id === id);

describe('ACC-8 API keys', () => {
  test('ACC-8 the key is shown once and stored as a hash; the list shows how it begins', async () => {
    const { id, key, prefix } = await newKey('rest');
    expect(key).toMatch(/^ck_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    expect(key.startsWith(prefix)).toBe(true);
    expect(await listed(id)).toMatchObject({ type: 'rest', prefix, name: 'our rest' });
    expect(JSON.stringify(await listed(id))).not.toContain(key.slice(prefix.length));
    const { rows } = await center.database.pool.query('select * from api_key where id = $1', [id]);
    expect(JSON.stringify(rows)).not.toContain(key.slice(prefix.length));
    expect(rows[0].secret_hash).toHaveLength(32);
  });

  test('ACC-8 a rest key administers the data of its account, but nobody’s rank, and is no person', async () => {
    const { key } = await newKey('rest');
    expect((await center.call('POST /api/v1/queues', { as: key, body: { name: 'By key' } })).status).toBe(201);
    expect((await center.call('POST /api/v1/users', { as: key, body: { email: 'bykey@acme.example', name: 'K' } })).status).toBe(201);
    expect(
      (await center.call('POST /api/v1/users', { as: key, body: { email: 'boss@acme.example', name: 'K', role: 'admin' } })).status,
    ).toBe(403);
    expect((await center.call(`POST /api/v1/users/${owner.userId}/invitation`, { as: key })).status).toBe(403);
    for (const own of ['GET /api/v1/auth/me', 'GET /api/v1/auth/sessions', 'POST /api/v1/auth/sign-out'])
      expect((await center.call(own, { as: key })).status).toBe(403);
  });

  test('ACC-8 a chatbot key reaches none of the account’s administration', async () => {
    const { key } = await newKey('chatbot');
    const guarded = center.routes.filter((route) => route.action !== 'public');
    expect(guarded.length).toBeGreaterThan(30);
    for (const { method, path } of guarded)
      expect({ path, status: (await center.call(`${method} ${path}`, { as: key })).status }).toEqual({ path, status: 403 });
  });

  test('ACC-8 a revoked key ends within a second, is not revived, and stays in the list', async () => {
    const { id, key } = await newKey('rest');
    expect((await center.call('GET /api/v1/queues', { as: key })).status).toBe(200);
    expect((await center.call(`DELETE /api/v1/keys/${id}`, { as: owner.token })).status).toBe(204);
    await until(async () => (await center.call('GET /api/v1/queues', { as: key })).status === 401, {
      timeoutMs: 1_500,
      what: 'the end of the key',
    });
    expect((await center.call(`DELETE /api/v1/keys/${id}`, { as: owner.token })).status).toBe(404);
    expect((await listed(id)).revokedAt).toBeGreaterThan(0);
  });

  test('ACC-8 whoever invents keys is told to wait before PostgreSQL is asked, a whole /64 at once; a key that was right is served on', async () => {
    const { key } = await newKey('rest');
    let reads = 0;
    const db = center.database.kysely.withPlugin({
      transformQuery: ({ node }) => {
        reads++;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const started = performance.now();
    let laterMs = 0;
    const find = createKeyFinder({ db, engine: center.engine, unknownKeysPerMin: 5 }, () => started + laterMs);
    const [here, beside, elsewhere] = ['2001:db8:7:7::1', '2001:db8:7:7:ffff::2', '2001:db8:7:8::1'];
    expect(await find(key, here)).toMatchObject({ kind: 'key', type: 'rest' });
    for (let tried = 0; tried < 5; tried++) expect(await find(newApiKey().text, tried % 2 === 0 ? here : beside)).toBeUndefined();
    const before = reads;
    const tries = Array.from({ length: 20 }, () => find(newApiKey().text, beside));
    for (const tried of await Promise.allSettled(tries)) expect(tried).toMatchObject({ reason: { code: 'rate_limited' } });
    expect(reads).toBe(before);
    expect(await find(newApiKey().text, elsewhere)).toBeUndefined();
    laterMs = 60_000;
    expect(await find(key, here)).toMatchObject({ kind: 'key', type: 'rest' });
  });

  test('ACC-8 a right key that is shown for the first time by many requests at once is right for all of them', async () => {
    const { key } = await newKey('rest');
    const find = createKeyFinder({ db: center.database.kysely, engine: center.engine, unknownKeysPerMin: 3 });
    const found = await Promise.all(Array.from({ length: 20 }, () => find(key, '203.0.113.79')));
    for (const principal of found) expect(principal).toMatchObject({ kind: 'key', type: 'rest' });
  });

  test('ACC-8 over HTTP that is 429 with the time to wait', async () => {
    const ip = '203.0.113.77';
    const { unknownKeysPerMin } = limitsFor(100);
    await center.engine.rates.take(`key:${ip}`, unknownKeysPerMin, 60, unknownKeysPerMin);
    const refused = await center.call('GET /api/v1/queues', { as: newApiKey().text, ip });
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await center.call('GET /api/v1/queues', { as: newApiKey().text, ip: '203.0.113.78' })).status).toBe(401);
  });

  test('API-1 a create that is sent again with its Idempotency-Key gives the first answer, and the key in it is sealed at rest', async () => {
    const create = (name: string) =>
      center.call('POST /api/v1/keys', {
        as: owner.token,
        body: { name, type: 'rest' },
        headers: { 'idempotency-key': 'once-and-only-once' },
      });
    const [first, second] = [await create('twice'), await create('twice')];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect((await create('another')).body.code).toBe('idempotency_mismatch');
    const { redis } = center.engine.core.runner;
    const kept = await redis.keys('*idempotency*');
    expect(kept).toHaveLength(1);
    expect(await redis.get(kept[0] ?? '')).not.toContain(first.body.key);
  });

  test('ACC-8 the last use is recorded, to the minute', async () => {
    const { id, key } = await newKey('rest');
    expect((await listed(id)).lastUsedAt).toBeUndefined();
    await center.call('GET /api/v1/queues', { as: key });
    const { lastUsedAt } = await listed(id);
    expect(Math.abs(Date.now() - lastUsedAt)).toBeLessThan(60_000);
    const used = () =>
      center.database.pool
        .query('select last_used_at from api_key where id = $1', [id])
        .then((result) => result.rows[0].last_used_at.getTime());
    await center.database.pool.query("update api_key set last_used_at = now() - interval '2 minutes' where id = $1", [id]);
    const earlier = await used();
    await until(async () => {
      await center.call('GET /api/v1/queues', { as: key });
      return (await used()) > earlier;
    });
  });

  test('ACC-8 a key works as bearer only, never as cookie; a wrong secret is nobody', async () => {
    const { key } = await newKey('rest');
    expect((await center.call('GET /api/v1/queues', { headers: { cookie: `centralino=${key}` } })).status).toBe(401);
    expect((await center.call('GET /api/v1/queues', { as: `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}` })).status).toBe(401);
    expect((await center.call('GET /api/v1/queues', { headers: { authorization: `Basic ${key}` } })).status).toBe(401);
  });
});
