/** A real TURN server (Debian's coturn) with a shared secret, on a port of its own, for tests. Ended by `stop`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askIceServer } from '../../config/doctor/turnProbe.ts';
import { freePort, until } from './services.ts';

export interface TurnServer {
  readonly port: number;
  readonly secret: string;
  /** `turn:` and `stun:` addresses. */
  url(scheme: 'turn' | 'stun', transport?: 'udp' | 'tcp'): string;
  stop(): Promise<void>;
}

export async function startTurnServer(): Promise<TurnServer> {
  const port = await freePort();
  const secret = 'shared-by-the-tests';
  const folder = mkdtempSync(join(tmpdir(), 'centralino-turn-'));
  const listening = ['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`, '--no-tls', '--no-dtls', '--no-cli'];
  // The center's own addresses are those of this machine.
  const peers = ['--allow-loopback-peers'];
  const secrets = ['--use-auth-secret', `--static-auth-secret=${secret}`, '--realm=turn.example'];
  const files = [`--pidfile=${join(folder, 'pid')}`, `--userdb=${join(folder, 'db')}`, '--log-file=stdout', '--simple-log'];
  const child: ChildProcess = spawn('turnserver', ['-n', ...listening, ...peers, ...secrets, ...files], { cwd: folder, stdio: 'ignore' });
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const url: TurnServer['url'] = (scheme, transport) =>
    `${scheme}:127.0.0.1:${port}${scheme === 'turn' && transport ? `?transport=${transport}` : ''}`;
  await until(
    async () => {
      if (failure) throw failure;
      return (await askIceServer(url('stun'))).kind === 'answered';
    },
    { timeoutMs: 30_000, what: 'the TURN server' },
  );
  return {
    port,
    secret,
    url,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
