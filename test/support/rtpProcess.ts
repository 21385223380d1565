/** A process of the role `rtp`, as the supervisor starts it, to be stopped and killed by tests, which end it. */
import { resolve } from 'node:path';
import { ServerProcess } from '../../src/supervisor/serverProcess.ts';

export function startRtpProcess(options: {
  readonly redisUrl: string;
  readonly dataDir: string;
  readonly secretKey: string;
  readonly drainSec?: number;
  readonly nodeId?: string;
}): Promise<ServerProcess> {
  return ServerProcess.start({
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', 'src/main.ts'],
    cwd: resolve(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      ROLES: 'rtp',
      REDIS_URL: options.redisUrl,
      DATA_DIR: options.dataDir,
      SECRET_KEY: options.secretKey,
      PUBLIC_HOST: '127.0.0.1',
      DRAIN_SEC: String(options.drainSec ?? 1),
      NODE_ID: options.nodeId,
    },
    stopSignal: 'SIGTERM',
    onLine: () => undefined,
  });
}
