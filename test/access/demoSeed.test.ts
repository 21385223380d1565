/** The demo account: seeded once, by however many processes, with sign-ins that work. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedDemo } from '../../src/accounts/demoSeed.ts';
import { sealPurpose, unseal } from '../../src/base/seal.ts';
import { until } from '../support/services.ts';
import { Center } from './support/center.ts';

let center: Center;
const dataDir = mkdtempSync(join(tmpdir(), 'centralino-demo-'));
beforeAll(async () => {
  center = await Center.start();
});
afterAll(async () => {
  await center.close();
  rmSync(dataDir, { recursive: true });
});

test('BEY-5 two processes that seed at once make one demo account, whose printed sign-ins work', async () => {
  const seeded = await Promise.all([seedDemo(center.deps, dataDir), seedDemo(center.deps, dataDir)]);
  expect(seeded.sort()).toEqual([false, true]);
  expect(await seedDemo(center.deps, dataDir)).toBe(false);
  const file = join(dataDir, 'demo.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const demo = JSON.parse(readFileSync(file, 'utf8'));
  expect(demo.account).toBe('Demo');
  expect(demo.signIns.map((signIn: { role: string }) => signIn.role)).toEqual(['administrator and supervisor', 'agent', 'agent']);
  for (const { email, password } of demo.signIns) expect((await center.signIn(email, password)).body.stage).toBe('full');
});

test('BEY-5 the demo has two groups in two languages on two queues with two agents', async () => {
  const { email, password } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')).signIns[0];
  const as = (await center.signIn(email, password)).body.token;
  const [queues, users, agents] = await Promise.all(
    ['queues', 'users', 'agents'].map(async (list) => (await center.call(`GET /api/v1/${list}`, { as })).body.items),
  );
  expect(queues.map((queue: { name: string; mode: string }) => [queue.name, queue.mode])).toEqual([
    ['Sales', 'balanced'],
    ['Sales line', 'longest_idle'],
    ['Support', 'manual'],
  ]);
  expect(users.map((user: { name: string }) => user.name)).toEqual(['Anna Bianchi', 'Giulia Rossi', 'Marco Verdi']);
  expect(agents.map((agent: { name: string }) => agent.name).sort()).toEqual(['Anna Bianchi', 'Marco Verdi']);
  for (const publicId of ['demo', 'demo-sales']) {
    const titles = await Promise.all(
      ['en', 'it'].map(
        async (language) => (await center.call(`GET /api/v1/public/groups/${publicId}`, { query: { language } })).body.texts.title,
      ),
    );
    expect(new Set(titles).size).toBe(2);
  }
});

test('VID-3 the demo’s first shop offers video, with its policy in both languages', async () => {
  const shown = async (publicId: string, language: string) =>
    (await center.call(`GET /api/v1/public/groups/${publicId}`, { query: { language } })).body.video;
  const [english, italian] = [await shown('demo', 'en'), await shown('demo', 'it')];
  expect(english).toMatchObject({ isOn: true, canFullScreen: true });
  expect(italian).toEqual({ ...english, policy: expect.stringContaining('registrato') });
  expect(english.policy).toContain('recorded');
  expect((await shown('demo-sales', 'en')).isOn).toBe(false);
});

test('VOX-1 the demo’s voice queue has a number, and each of its people a SIP phone whose printed password is its own', async () => {
  const { signIns, numbers } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8'));
  const as = (await center.signIn(signIns[0].email, signIns[0].password)).body.token;
  expect(numbers).toEqual([{ number: '100', label: 'Sales', queue: 'Sales line' }]);
  const shown = (await center.call('GET /api/v1/numbers', { as })).body.items;
  expect(shown).toMatchObject([{ number: '100', queueName: 'Sales line' }]);
  for (const { phone } of signIns) {
    const { username, password } = phone;
    const copy = await until(() => center.engine.phones.phoneByUsername(username));
    const ha1 = createHash('md5').update(`${username}:centralino:${password}`).digest('hex');
    expect(unseal(center.deps.secretKey, sealPurpose.phoneHa1(copy.doc.id), copy.doc.sealedHa1)).toBe(ha1);
  }
});
