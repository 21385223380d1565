/** `npm run doctor` on healthy and on wrong installations. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkCertificate } from '../../config/doctor/certificate.ts';
import type { Finding } from '../../config/doctor/finding.ts';
import { judgeAnnounced } from '../../config/doctor/video.ts';
import { portTrouble } from '../../src/supervisor/freePort.ts';
import { askRedis } from '../../src/supervisor/redisProbe.ts';
import { freePort, startTestRedis, type TestRedis, until } from '../support/services.ts';
import { startTurnServer } from '../support/turnServer.ts';

const root = join(import.meta.dirname, '../..');
let dir: string;
let redis: TestRedis;
let ports: Record<string, string>;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'centralino-doctor-'));
  redis = await startTestRedis();
  ports = { HTTP_PORT: String(await freePort()), RTC_PORT: String(await freeRange()) };
  for (const name of ['SIP_PORT', 'SIP_WS_PORT']) ports[name] = String(await freePort());
});
afterAll(async () => {
  await redis?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** The first of some ports in a row, one per core, below those of phones and those that the kernel gives out by itself. */
async function freeRange(): Promise<number> {
  for (let first = 10_000 + (process.pid % 500) * 16; ; first += 16) {
    const troubles = await Promise.all(Array.from({ length: availableParallelism() }, (_, index) => portTrouble(first + index, '0.0.0.0')));
    if (troubles.every((trouble) => trouble === undefined)) return first;
  }
}

function doctor(env: Record<string, string>, ...args: string[]): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'config/doctor/doctor.ts'), ...args], {
    env: { ...process.env, DATA_DIR: dir, ...ports, ...env },
    encoding: 'utf8',
  });
  return { code: status, output: stdout + stderr };
}

/** By subject, from `--json`. */
function findings(env: Record<string, string>): Map<string, Finding> {
  const { output } = doctor(env, '--json');
  const { findings } = JSON.parse(output) as { findings: Finding[] };
  return new Map(findings.map((finding) => [finding.subject, finding]));
}

test('OPS doctor: finds nothing broken on a sound installation, and everything not fine comes with what to do', () => {
  const { code, output } = doctor({ REDIS_URL: redis.url, DATABASE_URL: process.env.TEST_POSTGRES_URL ?? '' }, '--json');
  const { findings } = JSON.parse(output) as { findings: Finding[] };
  // The PostgreSQL of the tests is hasty on purpose; all else must be sound.
  const wrong = findings.filter(({ verdict, subject }) => verdict === 'broken' && subject !== 'PostgreSQL durability');
  expect(wrong).toEqual([]);
  expect(findings.find(({ subject }) => subject === 'PostgreSQL durability')?.verdict).toBe('broken');
  expect(code).toBe(1);
  for (const { verdict, remedy } of findings) expect(verdict === 'ok' || (remedy ?? '') !== '').toBe(true);
});

test('OPS doctor: a Redis that can lose or evict is broken, with the command that mends it', async () => {
  await askRedis(redis.url, [
    ['CONFIG', 'SET', 'appendfsync', 'everysec'],
    ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
  ]);
  const found = findings({ REDIS_URL: redis.url });
  expect(found.get('Redis appendfsync')).toMatchObject({
    verdict: 'broken',
    remedy: expect.stringContaining('CONFIG SET appendfsync always'),
  });
  expect(found.get('Redis maxmemory-policy')?.verdict).toBe('broken');
  expect(found.get('Redis appendonly')?.verdict).toBe('ok');
});

test('OPS doctor: names every wrong setting, and what does not answer without its password', async () => {
  const wrong = doctor({ HTTP_PORT: 'eighty', GATEWAYS: '0' });
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain('HTTP_PORT');
  expect(wrong.output).toContain('GATEWAYS');
  const down = doctor({ REDIS_URL: 'redis://:secret-word@127.0.0.1:1/0', DATABASE_URL: 'postgres://me:secret-word@127.0.0.1:1/db' });
  expect(down.code).toBe(1);
  expect(down.output).toMatch(/✗ Redis .+127\.0\.0\.1:1 does not answer \(ECONNREFUSED\)/);
  expect(down.output).toMatch(/✗ PostgreSQL .+127\.0\.0\.1:1 does not answer/);
  expect(down.output).not.toContain('secret-word');
});

test('OPS doctor: a port in use, a name without an address, plain HTTP off localhost', async () => {
  const other = createServer((socket) => socket.destroy()).listen(0, '0.0.0.0');
  await until(() => other.listening);
  const { port } = other.address() as { port: number };
  const found = findings({ HTTP_PORT: String(port), PUBLIC_HOST: 'nowhere.invalid' });
  other.close();
  expect(found.get(`HTTP port ${port}`)).toMatchObject({ verdict: 'broken', text: 'taken by another program' });
  expect(found.get('announced address')?.verdict).toBe('broken');
  expect(found.get('HTTPS')?.verdict).toBe('broken');
});

test('OPS doctor: certificates: dates, name, and a key that belongs to another one', () => {
  const make = (name: string): void => {
    const subject = ['-subj', '/CN=chat.example.com', '-addext', 'subjectAltName=DNS:chat.example.com'];
    const files = ['-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.pem`)];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '60', ...subject, ...files],
      { stdio: 'ignore' },
    );
  };
  make('one');
  make('two');
  const check = (key: string, host: string, nowMs?: number): Record<string, string> =>
    Object.fromEntries(
      checkCertificate({ TLS_CERT: join(dir, 'one.pem'), TLS_KEY: join(dir, key), PUBLIC_HOST: host }, nowMs).map(
        ({ subject, verdict }) => [subject, verdict],
      ),
    );
  expect(check('one.key', 'chat.example.com')).toEqual({ 'certificate dates': 'ok', 'certificate key': 'ok', 'certificate name': 'ok' });
  expect(check('two.key', 'other.example.com')).toEqual({
    'certificate dates': 'ok',
    'certificate key': 'broken',
    'certificate name': 'broken',
  });
  expect(check('one.key', '', Date.now() + 50 * 86_400_000)['certificate dates']).toBe('warning');
  expect(check('one.key', '', Date.now() + 61 * 86_400_000)['certificate dates']).toBe('broken');
  expect(check('missing.key', '')['certificate key']).toBe('broken');
});

test('VID-4 doctor: the address that browsers are told for video', () => {
  const judged = (address: string, more: { TLS_CERT?: string } = {}, own: string[] = []): string =>
    judgeAnnounced({ PUBLIC_HOST: 'video.example', TRUST_PROXY: false, ...more }, address, own).verdict;
  expect(judged('203.0.113.7', {}, ['203.0.113.7'])).toBe('ok');
  expect(judged('203.0.113.7')).toBe('warning');
  for (const address of ['10.1.2.3', '172.20.0.1', '192.168.1.5', '100.70.0.1', '169.254.1.1'])
    expect(judged(address, {}, [address])).toBe('warning');
  expect(judged('127.0.0.1')).toBe('warning');
  expect(judged('127.0.1.1', { TLS_CERT: 'cert.pem' })).toBe('broken');
  for (const address of ['0.0.0.0', '::', '2001:db8::7']) expect(judged(address, {}, [address])).toBe('broken');
  const found = findings({ PUBLIC_HOST: '0.0.0.0', RTC_PORT: '20000' });
  expect(found.get('announced address')?.verdict).toBe('broken');
  expect([...found.values()].find(({ subject }) => subject.startsWith('media ports'))).toMatchObject({
    verdict: 'broken',
    text: expect.stringContaining('RTP_PORTS'),
  });
});

test('VID-4 doctor: a TURN server that takes our credentials, one that does not, and one that is not there', async () => {
  const turn = await startTurnServer();
  try {
    const good = turn.url('turn', 'tcp');
    const right = findings({ TURN_URLS: good, TURN_SECRET: turn.secret, STUN_URLS: turn.url('stun') });
    expect(right.get(`TURN ${good}`)).toMatchObject({ verdict: 'ok' });
    expect(right.get(`STUN ${turn.url('stun')}`)).toMatchObject({ verdict: 'ok' });
    const secret = 'not what the server has';
    const { output } = doctor({ TURN_URLS: turn.url('turn'), TURN_SECRET: secret });
    expect(output).toMatch(/✗ TURN .+does not take our credentials \(401\)/);
    expect(output).not.toContain(secret);
  } finally {
    await turn.stop();
  }
  const gone = turn.url('turn', 'tcp');
  expect(findings({ TURN_URLS: gone, TURN_SECRET: turn.secret }).get(`TURN ${gone}`)).toMatchObject({
    verdict: 'broken',
    text: expect.stringContaining('does not answer'),
  });
});
