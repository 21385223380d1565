/** The embedded servers after their owner was killed: what it left behind is ended or cleared, and the data stays. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PostgresServer } from '../../src/supervisor/postgresServer.ts';
import { askRedis } from '../../src/supervisor/redisProbe.ts';
import { RedisServer } from '../../src/supervisor/redisServer.ts';
import { isAlive, ServerProcess } from '../../src/supervisor/serverProcess.ts';
import { freePort, startTestRedis } from '../support/services.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'centralino-embedded-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const onLine = (): void => undefined;

test('OPS embedded: a Redis left behind is ended cleanly and its data kept', async () => {
  const options = { dir, port: await freePort(), password: 'password', onLine };
  const left = await RedisServer.start(options);
  await askRedis(left.url, [['SET', 'kept', 'yes']]);
  const next = await RedisServer.start(options);
  expect(await left.ended).toEqual({ code: 0, signal: null });
  expect(await askRedis(next.url, [['GET', 'kept']])).toEqual(['yes']);
  await next.close();
});

test('OPS embedded: servers that stand still when their owner dies are ended, not joined by a second one on the same files', async () => {
  const redis = { dir: join(dir, 'redis'), port: await freePort(), password: 'password', onLine };
  const postgres = { ...redis, dir: join(dir, 'cluster'), port: await freePort(), database: 'center' };
  const stopped = [await RedisServer.start(redis), await PostgresServer.start(postgres)] as const;
  await askRedis(stopped[0].url, [['SET', 'kept', 'yes']]);
  await sql(stopped[1].url, "CREATE TABLE kept AS SELECT 'yes' AS word");
  for (const server of stopped) server.kill('SIGSTOP');
  // On other ports, as when another program took theirs: nothing but the folder tells of them.
  const next = [
    await RedisServer.start({ ...redis, port: await freePort() }),
    await PostgresServer.start({ ...postgres, port: await freePort() }),
  ] as const;
  for (const server of stopped) expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(await askRedis(next[0].url, [['GET', 'kept']])).toEqual(['yes']);
  expect(await sql(next[1].url, 'SELECT word FROM kept')).toEqual([{ word: 'yes' }]);
  for (const server of next) await server.close();
});

test("OPS embedded: somebody else's Redis on the port is left alone and said", async () => {
  const other = await startTestRedis();
  await expect(RedisServer.start({ dir, port: other.port, password: 'not-theirs', onLine })).rejects.toThrow(
    `another program serves Redis on port ${other.port}`,
  );
  expect(await askRedis(other.url, [['PING']])).toEqual(['PONG']);
  await other.stop();
});

test('OPS embedded: PostgreSQL starts over a server left behind, over kill -9, and over a process id file that names another process', async () => {
  const options = { dir: join(dir, 'cluster'), port: await freePort(), password: 'password', database: 'center', onLine };
  const left = await PostgresServer.start(options);
  await sql(left.url, 'CREATE TABLE kept (word text)');
  const second = await PostgresServer.start(options);
  expect(isAlive(left.pid)).toBe(false);
  await sql(second.url, "INSERT INTO kept VALUES ('yes')");
  second.kill('SIGKILL');
  await second.ended;
  writeFileSync(join(options.dir, 'postmaster.pid'), `${process.pid}\n${options.dir}\n1\n${options.port}\n`);
  const third = await PostgresServer.start(options);
  expect(await sql(third.url, 'SELECT word FROM kept')).toEqual([{ word: 'yes' }]);
  await third.close();
});

test('OPS embedded: PostgreSQL starts below a folder that only root may enter, also where root has no right but the greater one, as in most containers', async () => {
  const services = join(import.meta.dirname, '../support/services.ts');
  const script = `const { startTestPostgres } = await import(${JSON.stringify(services)}); const server = await startTestPostgres(); await server.stop(); console.log('stopped');`;
  // Nobody but root runs PostgreSQL as another user, or can give up rights.
  const asInContainer = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_read_search', '--inh-caps', '-all', '--'] : ['env'];
  const [program = '', ...args] = [...asInContainer, process.execPath, '--input-type=module', '--eval', script];
  const child = spawn(program, args, { env: { ...process.env, TMPDIR: dir }, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  expect(output).toBe('stopped\n');
});

test('OPS embedded: a kill while the cluster is being made leaves nothing that stands in the way', async () => {
  mkdirSync(join(dir, 'cluster.new'));
  writeFileSync(join(dir, 'cluster.new/PG_VERSION'), 'half');
  const server = await PostgresServer.start({
    dir: join(dir, 'cluster'),
    port: await freePort(),
    password: 'password',
    database: 'center',
    onLine,
  });
  expect(await sql(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await server.close();
});

async function sql(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('OPS embedded: a server that gives up by itself is told with what it printed last, a killed one with its signal', async () => {
  const told: string[] = [];
  const program = { cwd: '/', stopSignal: 'SIGTERM' as const, onLine: (line: string) => told.push(line) };
  const failed = await ServerProcess.start({ ...program, command: '/bin/sh', args: ['-c', 'echo hello; echo no space >&2; exit 3'] });
  expect(await failed.epitaph()).toMatch(/^exit code 3; it printed last: .*no space/);
  expect(told.sort()).toEqual(['hello', 'no space']);
  const killed = await ServerProcess.start({ ...program, command: '/bin/sleep', args: ['60'] });
  killed.kill('SIGKILL');
  expect(await killed.epitaph()).toBe('signal SIGKILL');
});
