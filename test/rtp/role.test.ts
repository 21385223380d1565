/** The process of the role `rtp`, as the supervisor starts it: found in Redis, commanded, killed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { RtpClient } from '../../sip/rtp/client.ts';
import { controlSecret } from '../../sip/rtp/server.ts';
import type { ServerProcess } from '../../src/supervisor/serverProcess.ts';
import { startRtpProcess } from '../support/rtpProcess.ts';
import { startTestRedis, type TestRedis, until } from '../support/services.ts';

const SECRET_KEY = 'a secret key of a test, which is long enough';
const log = pino({ level: 'silent' });

let redis: TestRedis;
let engine: RunningEngine;
let dataDir: string;
let running: ServerProcess | undefined;
const clients: RtpClient[] = [];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'centralino-role-'));
  redis = await startTestRedis();
  engine = await createEngine({ redisUrl: redis.url, nodeId: 'test', log });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await running?.stop();
  await engine.close('test over');
  await redis.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<ServerProcess> {
  running = await startRtpProcess({ redisUrl: redis.url, dataDir, secretKey: SECRET_KEY });
  return running;
}

const announced = async () => (await engine.phones.nodes('rtp')).filter(({ isDraining }) => !isDraining);

async function link(secret = controlSecret(SECRET_KEY)): Promise<{ client: RtpClient; states: boolean[] }> {
  const node = await until(async () => (await announced())[0], { timeoutMs: 15_000, what: 'the announcement' });
  const states: boolean[] = [];
  const { host, port } = node;
  const client = new RtpClient({
    host,
    port,
    secret,
    application: 'app',
    log,
    onEvent: () => undefined,
    onState: (isUp) => states.push(isUp),
  });
  clients.push(client);
  return { client, states };
}

test('DESIGN 6 a media process is found by its announcement and obeys who knows the installation’s secret', async () => {
  await start();
  const { client } = await link();
  const { leg } = await client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
  expect(leg?.address).toBe('127.0.0.1');
  const stranger = await link('another secret');
  await expect(stranger.client.ask({ do: 'list' })).rejects.toMatchObject({ code: 'unavailable' });
  expect(stranger.states).toEqual([]);
});

test('DESIGN 6 killed, its applications notice at once, it is forgotten, and the next one serves', async () => {
  const first = await start();
  const { client, states } = await link();
  await client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
  first.kill('SIGKILL');
  await until(() => states.at(-1) === false, { what: 'the link is lost' });
  await until(async () => (await announced()).length === 0, { timeoutMs: 10_000, what: 'it is forgotten' });
  await start();
  const next = await link();
  expect((await next.client.ask({ do: 'list' })).legs).toEqual([]);
  await next.client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
}, 40_000);

test('DESIGN 7 told to stop, it takes no more calls, lets those that stand end, and ends cleanly', async () => {
  const first = await start();
  const { client } = await link();
  await client.ask({ do: 'leg.open', call: 'c', leg: 'a' });
  const stopped = first.stop();
  await until(async () => (await engine.phones.nodes('rtp')).every(({ isDraining }) => isDraining), { what: 'draining is told' });
  await client.ask({ do: 'leg.close', leg: 'a' });
  await stopped;
  expect((await first.ended).code).toBe(0);
});
