/**
 * The SIP application in a process of its own, to be killed by tests. Started by `startSipProcess`; says `ready` on its standard output once it is linked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { silenceLimits } from '../../../config/limits.ts';
import { createEngine } from '../../../queues/index.ts';
import { startApplication } from '../../../sip/app/application.ts';
import { mediaLinks } from '../../../sip/app/mediaLink.ts';
import { Registrar } from '../../../sip/registrar/registrar.ts';
import { createLogger } from '../../../src/base/log.ts';
import { SCENE_SECRET_KEY } from '../../support/phoneScene.ts';

export interface SipProcess {
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<void>;
}

export interface SipProcessOptions {
  readonly redisUrl: string;
  readonly nodeId: string;
  readonly edgeSecret: string;
  readonly mediaSecret: string;
}

export async function startSipProcess(options: SipProcessOptions): Promise<SipProcess> {
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve) =>
    child.stdout?.on('data', (text) => (String(text).includes('ready\n') ? resolve() : process.stdout.write(text))),
  );
  return {
    async kill9() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function run({ redisUrl, nodeId, edgeSecret, mediaSecret }: SipProcessOptions): Promise<void> {
  const log = createLogger('sip-process', process.env['TEST_LOG'] ?? 'silent');
  const engine = await createEngine({ redisUrl, nodeId, log });
  const { authenticator } = new Registrar({ engine, secretKey: SCENE_SECRET_KEY, log });
  const app = await startApplication({
    engine,
    log,
    nodeId,
    servers: async () => (await engine.phones.nodes('edge')).map(({ id, host, port }) => ({ name: id, host, port, secret: edgeSecret })),
    connectMedia: mediaLinks({ secret: mediaSecret, application: nodeId, log }),
    secretOf: () => undefined,
    authenticator,
    limits: { burst: 1_000, perSec: 1_000, lagMs: 5_000 },
    silence: silenceLimits,
    drainMs: 0,
  });
  while (app.links.up.length === 0 || app.media.nodes.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  process.stdout.write('ready\n');
}

const [, script, options] = process.argv;
if (script === import.meta.filename && options) await run(JSON.parse(options) as SipProcessOptions);
