/** The supervisor as a person and an operating system meet it: started twice, stopped, and killed in all the wrong moments. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { askRedis } from '../../src/supervisor/redisProbe.ts';
import { isAlive } from '../../src/supervisor/serverProcess.ts';
import { Installation, makeDataDir } from '../support/installation.ts';
import { until } from '../support/services.ts';

// A start takes two seconds on an idle machine, several times that beside other tests.
vi.setConfig({ testTimeout: 60_000 });

const started: Installation[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((installation) => installation.destroy()));
});

async function start(env: Record<string, string> = {}, dataDir?: string): Promise<Installation> {
  const installation = await Installation.start(env, dataDir);
  started.push(installation);
  return installation;
}

test('OPS start: a wrong configuration names every problem and ends with code 78', async () => {
  const run = await start({ HTTP_PORT: '99999', LOG_LEVEL: 'loud', TLS_CERT: 'cert.pem', PUBLIC_HOST: 'http://center' });
  expect((await run.exited).code).toBe(78);
  expect(run.output).toContain('4 problems');
  for (const name of ['HTTP_PORT', 'LOG_LEVEL', 'TLS_CERT', 'PUBLIC_HOST']) expect(run.output).toContain(`  ${name}: `);
});

test('OPS start: a role without the servers it stands on is a wrong configuration', async () => {
  const run = await start({ ROLES: 'gateway' });
  expect((await run.exited).code).toBe(78);
  for (const name of ['REDIS_URL', 'DATABASE_URL']) expect(run.output).toContain(`  ${name}: ROLES gateway need it`);
});

test('OPS start: a certificate that cannot be used is said before anything is started', async () => {
  const dataDir = makeDataDir();
  const file = join(dataDir, 'not-a-certificate.pem');
  writeFileSync(file, 'hello');
  for (const path of [join(dataDir, 'missing.pem'), file]) {
    const run = await start({ TLS_CERT: path, TLS_KEY: path }, dataDir);
    expect((await run.exited).code).toBe(1);
    expect(run.output).toMatch(/^TLS_CERT .+ cannot be used: .+\n$/);
  }
});

/** One installation for the tests in which it survives; they build on each other, in the order written. */
describe('a running installation', () => {
  let run: Installation;
  beforeAll(async () => {
    const dataDir = makeDataDir();
    const demo = { account: 'Acme', signIns: [{ email: 'agent@acme.test', password: 'pass-1', role: 'agent' }] };
    writeFileSync(join(dataDir, 'demo.json'), JSON.stringify(demo));
    run = await Installation.start({}, dataDir);
    await run.untilReady();
  });
  afterAll(() => run.destroy());

  test('OPS start: prints where to open it and the demo sign-ins, keeps secrets from other users', async () => {
    await run.untilOutput('agent@acme.test  pass-1  agent');
    expect(run.output).toContain(`http://127.0.0.1:${run.httpPort}`);
    for (const file of ['secrets.json', 'redis.port', 'redis/redis.conf']) expect(statSync(join(run.dataDir, file)).mode & 0o077).toBe(0);
    const secrets = Object.values(JSON.parse(readFileSync(join(run.dataDir, 'secrets.json'), 'utf8')) as Record<string, string>);
    expect(secrets.length).toBe(3);
    for (const secret of secrets) {
      expect(run.output).not.toContain(secret);
      expect(run.processes().join('\n')).not.toContain(secret);
    }
  });

  test('OPS start: a second start on the same DATA_DIR is refused and does not disturb the first', async () => {
    const second = await Installation.start({}, run.dataDir);
    expect((await second.exited).code).toBe(1);
    expect(second.output).toContain(`already runs on ${run.dataDir} (process ${run.pid}`);
    expect(isAlive(run.childPid('gateway'))).toBe(true);
  });

  test('OPS start: Redis, PostgreSQL and every child come back after kill -9', async () => {
    const names = ['redis', 'postgres', 'worker', 'gateway', 'sfu'];
    const before = new Map(names.map((name) => [name, run.childPid(name)]));
    for (const pid of before.values()) process.kill(pid, 'SIGKILL');
    const isBack = (name: string): boolean => run.childPid(name) !== before.get(name) && isAlive(run.childPid(name));
    await until(() => names.every(isBack), { timeoutMs: 30_000, what: `the return of all children:\n${run.output}` });
  });

  test('OPS stop: SIGTERM ends everything in order with code 0 and leaves no process behind', async () => {
    expect(run.processes().length).toBeGreaterThan(5);
    run.kill('SIGTERM');
    expect(await run.exited).toEqual({ code: 0, signal: null });
    expect(run.processes()).toEqual([]);
  });
});

test('OPS start: kill -9 of the supervisor leaves no process and no lock behind, and the next start finds its data', async () => {
  const killed = await start();
  await killed.untilReady();
  const url = redisUrlOf(killed.dataDir);
  await askRedis(url, [['SET', 'kept', 'yes']]);
  // One that stands still cannot end by itself, and holds its port when the next one starts.
  const gateway = killed.childPid('gateway');
  process.kill(gateway, 'SIGSTOP');
  killed.kill('SIGKILL');
  const isGatewayAlone = (): boolean => killed.processes().every((line) => line.startsWith(`${gateway} `));
  await until(isGatewayAlone, { timeoutMs: 8_000, what: 'the end of all processes but one' });
  // As after a reboot: the process id in the lock is another one's by now.
  writeFileSync(join(killed.dataDir, 'lock'), `process ${process.pid}, since 2001-01-01T00:00:00.000Z\n`);
  const next = await start({ HTTP_PORT: String(killed.httpPort) }, killed.dataDir);
  await next.untilReady();
  expect(isAlive(gateway)).toBe(false);
  expect(redisUrlOf(next.dataDir)).toBe(url);
  expect(await askRedis(url, [['GET', 'kept']])).toEqual(['yes']);
  next.kill('SIGINT');
  expect(await next.exited).toEqual({ code: 0, signal: null });
  expect(next.processes()).toEqual([]);
});

test('OPS stop: SIGTERM in the middle of the start leaves no process behind', async () => {
  const run = await start();
  await run.untilOutput('"child":"redis"');
  run.kill('SIGTERM');
  expect((await run.exited).code).toBe(0);
  expect(run.processes()).toEqual([]);
});

test('OPS start: a port that is taken is said with the way out', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await until(() => other.listening);
  const { port } = other.address() as { port: number };
  const run = await start({ HTTP_PORT: String(port) });
  expect((await run.exited).code).toBe(1);
  expect(run.output).toContain(`Port ${port} is taken`);
  expect(run.output).toContain('HTTP_PORT=');
  other.close();
});

test('OPS start: a Redis that does not answer is waited for, and SIGTERM ends the wait', async () => {
  const run = await start({ REDIS_URL: 'redis://:secret-word@127.0.0.1:1/0' });
  await run.untilOutput('service does not answer');
  expect(run.output).not.toContain('secret-word');
  run.kill('SIGTERM');
  expect((await run.exited).code).toBe(0);
  expect(run.processes()).toEqual([]);
});

test('OPS start: a DATA_DIR that cannot be used, and damaged secrets, are said in one line', async () => {
  const dataDir = makeDataDir();
  writeFileSync(join(dataDir, 'file'), '');
  const impossible = await start({ DATA_DIR: join(dataDir, 'file/below') }, dataDir);
  expect((await impossible.exited).code).toBe(1);
  expect(impossible.output).toMatch(/^DATA_DIR .+ cannot be written to .+set DATA_DIR to another folder\.\n$/);
  mkdirSync(join(dataDir, 'data'));
  writeFileSync(join(dataDir, 'data/secrets.json'), '{"secretKey":');
  const damaged = await start({ DATA_DIR: join(dataDir, 'data') }, dataDir);
  expect((await damaged.exited).code).toBe(1);
  expect(damaged.output).toContain('secrets.json is damaged: restore it from a backup');
});

function redisUrlOf(dataDir: string): string {
  const { redisPassword } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as { redisPassword: string };
  return `redis://:${redisPassword}@127.0.0.1:${readFileSync(join(dataDir, 'redis.port'), 'utf8').trim()}/0`;
}
