/** The mediasoup workers of the role sfu, with a real worker binary when this machine has one. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { loadEnv } from '../../config/env.ts';
import { SfuWorkers } from '../../sfu/workers.ts';
import { createLogger } from '../../src/base/log.ts';
import { isAlive } from '../../src/supervisor/serverProcess.ts';
import { until } from '../support/services.ts';

const script = join(import.meta.dirname, '../../config/setup/buildWorker.mjs');
const binary = execFileSync(process.execPath, [script, '--find'], { encoding: 'utf8' }).trim();
const log = createLogger('test', 'silent');

let workers: SfuWorkers | undefined;
afterEach(() => workers?.close());

function start(env: Record<string, string>): SfuWorkers {
  workers = SfuWorkers.create({ env: loadEnv({ RTC_PORT: '0', ...env }), log }, { count: 2 });
  return workers;
}

test('OPS sfu: without a worker binary the state is failed, nothing throws', async () => {
  const sfu = start({ MEDIASOUP_WORKER_BIN: '/nonexistent' });
  expect(sfu.state).toBe('preparing');
  await until(() => sfu.state === 'failed');
  expect(sfu.take()).toBeUndefined();
});

describe.skipIf(!binary)('with a worker binary', () => {
  test('OPS sfu: the least loaded of two workers is taken, and makes transports', async () => {
    const sfu = start({ MEDIASOUP_WORKER_BIN: binary });
    await until(() => sfu.state === 'ready');
    const first = await until(() => sfu.take());
    first.load.rooms++;
    const second = await until(() => sfu.take() !== first && sfu.take());
    second.load.rooms++;
    second.load.consumers++;
    expect(sfu.take()).toBe(first);
    const router = await first.worker.createRouter({
      mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }],
    });
    const transport = await router.createWebRtcTransport({ webRtcServer: first.webRtcServer });
    expect(new Set(transport.iceCandidates.map(({ protocol }) => protocol))).toEqual(new Set(['udp', 'tcp']));
    // What browsers are told is an address they can use.
    expect(transport.iceCandidates.map(({ address }) => address)).not.toContain('0.0.0.0');
  });

  test('OPS sfu: a worker that is killed is told and replaced, close leaves none behind', async () => {
    const sfu = start({ MEDIASOUP_WORKER_BIN: binary });
    await until(() => sfu.state === 'ready');
    const victim = await until(() => sfu.take());
    const lost: number[] = [];
    sfu.on('workerLost', ({ worker }) => lost.push(worker.pid));
    process.kill(victim.worker.pid, 'SIGKILL');
    await until(() => lost.includes(victim.worker.pid));
    const pids: number[] = [];
    while (pids.length < 2) {
      const taken = await until(() => sfu.take(), { what: 'a worker' });
      // Made the more loaded one: the other is taken next, once it is there.
      taken.load.rooms++;
      if (!pids.includes(taken.worker.pid)) pids.push(taken.worker.pid);
      else await new Promise(setImmediate);
    }
    expect(pids).not.toContain(victim.worker.pid);
    await sfu.close();
    workers = undefined;
    expect(pids.filter(isAlive)).toEqual([]);
  });
});
