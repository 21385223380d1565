/** The role `edge` as a process runs it: found in Redis, spoken to with the installation's secret. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadEnv } from '../../config/env.ts';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { edgeSecret } from '../../sip/edge/protocol.ts';
import { startEdge } from '../../sip/edge/role.ts';
import type { RunningRole } from '../../src/base/context.ts';
import { createLogger } from '../../src/base/log.ts';
import { collectMetrics } from '../../src/metrics/relay.ts';
import { SipPhone } from '../actors/sipPhone.ts';
import { header } from '../actors/sipText.ts';
import { startTestRedis, type TestRedis, until } from '../support/services.ts';
import { connectApplication } from './support/edges.ts';
import { SDP } from './support/sipPeer.ts';
import { sippUac } from './support/sipp.ts';

const KEY = 'a key for tests that is long enough';
const log = createLogger('test', 'silent');
let redis: TestRedis;
let engine: RunningEngine;
let dataDir: string;

beforeAll(async () => {
  redis = await startTestRedis();
  engine = await createEngine({ redisUrl: redis.url, nodeId: 'watcher', log });
  dataDir = mkdtempSync(join(tmpdir(), 'centralino-edge-'));
});
afterAll(async () => {
  await engine?.close('test over');
  await redis?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(nodeId: string): Promise<RunningRole> {
  const anyPort = { SIP_PORT: '0', SIP_TLS_PORT: '0', SIP_WS_PORT: '0', SIP_HOST: '127.0.0.1', DRAIN_SEC: '0' };
  const env = loadEnv({ ROLES: 'edge', REDIS_URL: redis.url, DATA_DIR: dataDir, ...anyPort });
  return startEdge({ env, log, dataDir, nodeId, secretKey: KEY });
}

test('an edge is found in Redis, takes an application with the secret of the installation, and serves its calls; stopped, it hangs up those that do not end, and is gone from there', async () => {
  const role = await start('edge-1');
  let closed: Promise<void> | undefined;
  try {
    const node = await until(async () => (await engine.phones.nodes('edge'))[0]);
    let hostports = '';
    const srf = await connectApplication(node.port, edgeSecret(KEY), ['app'], (said) => {
      hostports = said;
    });
    const port = Number(/udp\/127\.0\.0\.1:(\d+)/.exec(hostports)?.[1]);
    let isTaken = false;
    const ended = Promise.withResolvers<void>();
    srf.invite((req, res) => {
      if (!isTaken) return res.send(503);
      void srf.createUAS(req, res, { localSdp: SDP }).then((dialog) => dialog.on('destroy', ended.resolve));
    });
    await (await sippUac('uac-expect-503.xml', `127.0.0.1:${port}`)).done;
    const metrics = collectMetrics(engine, 'watcher');
    await until(async () => (await metrics.text(new Registry())).includes('centralino_sip_requests_received_total{node="edge-1"} 1'), {
      timeoutMs: 15_000,
    });
    await metrics.close();
    isTaken = true;
    const phone = await SipPhone.open({ server: { host: '127.0.0.1', port } });
    const call = phone.call('100');
    await until(() => call.state === 'talking', { what: 'the call' });
    closed = role.close('stopped');
    await until(() => call.state === 'over', { what: 'its end' });
    expect(call.byeHeaders && header(call.byeHeaders, 'Reason')).toContain('Server stopped');
    await ended.promise;
    await closed;
    phone.close();
  } finally {
    await (closed ?? role.close('test over'));
  }
  expect(await until(async () => (await engine.phones.nodes('edge')).length === 0)).toBe(true);
});
