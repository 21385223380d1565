/**
 * Starts what the chat benchmark compares: our center and both baselines, each over two gateway processes and a Redis of its own with the same settings
 * (append-only, fsync before every answer, nothing evicted). Created per run; `close` ends every process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../src/supervisor/freePort.ts';
import { RedisServer } from '../src/supervisor/redisServer.ts';
import { ServerProcess } from '../src/supervisor/serverProcess.ts';
import { startCenter } from '../test/support/center.ts';
import { openWorkspace } from '../test/support/workspace.ts';
import type { Target } from './orders.ts';

export interface RunningTarget {
  readonly target: Target;
  /** Process ids whose cost counts, by name; their descendants count with them. */
  readonly processes: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

const GATEWAYS = 2;
const PASSWORD = 'bench-only';

/**
 * A center as `npm start` runs it, durability included: two gateways, one worker, `agents` agents on one queue where agents choose. Limits by
 * address and by visitor are raised, because one visitor opens a hundred tabs here.
 */
export async function startOurs(agents: number): Promise<RunningTarget> {
  const center = await startCenter({ gateways: GATEWAYS, workers: 1, isDurable: true, env: { LIMIT_FACTOR: '10' } });
  try {
    const { group, agents: members } = await openWorkspace(center, {
      agents,
      queue: { mode: 'manual', reconnectMs: 600_000, agentLostMs: 600_000 },
    });
    const ports = center.gateways.map((address) => Number(new URL(address).port));
    return {
      target: { kind: 'ours', name: 'ours', ports, group, agentTokens: members.map(({ token }) => token) },
      processes: new Map(center.names.map((name) => [name, center.pidOf(name)])),
      close: () => center.close(),
    };
  } catch (error) {
    await center.close();
    throw error;
  }
}

export async function startBaseline(kind: 'socketIo' | 'bareUws'): Promise<RunningTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-bench-'));
  const redis = await RedisServer.start({ dir: folder, port: await freePort(), password: PASSWORD, onLine: () => undefined });
  const processes = new Map([['redis', redis.pid]]);
  const gateways: ServerProcess[] = [];
  const ports: number[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await redis.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (let number = 0; number < GATEWAYS; number++) {
      const port = await freePort();
      const gateway = await startServer(join(import.meta.dirname, 'baseline', `${kind}.ts`), { PORT: String(port), REDIS_URL: redis.url });
      gateways.push(gateway);
      ports.push(port);
      processes.set(`gateway-${number}`, gateway.pid);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { target: { kind, name: kind, ports }, processes, close };
}

/** Starts a baseline server and waits for its line `ready`. */
async function startServer(file: string, env: Record<string, string>): Promise<ServerProcess> {
  let ready: () => void = () => undefined;
  const isReady = new Promise<'ready'>((resolve) => {
    ready = () => resolve('ready');
  });
  const server = await ServerProcess.start({
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', file],
    cwd: import.meta.dirname,
    env: { ...process.env, ...env, NODE_ENV: 'production' },
    stopSignal: 'SIGTERM',
    onLine: (line) => {
      if (line === 'ready') ready();
      else process.stderr.write(`${line}\n`);
    },
  });
  if ((await Promise.race([isReady, server.ended])) !== 'ready') throw new Error(`${file} ended while starting`);
  return server;
}
