/**
 * A process of its own that serves calls as a SIP node does, to be killed by tests: announces itself as an edge, carries one call and answers what it is
 * asked. Started by `startPhoneNode`; says `ready` on its standard output.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createEngine } from '../../queues/index.ts';
import { createLogger } from '../../src/base/log.ts';

export interface PhoneNodeProcess {
  /** SIGSTOP; what it is asked meanwhile waits for `goOn`. */
  stop(): void;
  goOn(): void;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
}

export async function startPhoneNode(redisUrl: string, nodeId: string, call: string): Promise<PhoneNodeProcess> {
  const child: ChildProcess = spawn(process.execPath, [import.meta.filename, redisUrl, nodeId, call], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  return {
    stop: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async kill9() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function run(redisUrl: string, nodeId: string, call: string): Promise<void> {
  const { phones } = await createEngine({ redisUrl, nodeId, log: createLogger('phone-node', 'silent') });
  const say = async (): Promise<void> => {
    await phones.announce({ kind: 'edge', host: '127.0.0.1', port: 9022, load: 0, isDraining: false });
    await phones.carry([{ call, interaction: `of-${call}` }]);
  };
  const done: string[] = [];
  phones.serve(async ({ body }) => {
    done.push(body);
    return `${nodeId} did ${done.join(', ')}`;
  });
  await say();
  setInterval(() => void say().catch(() => undefined), 1_000);
  process.stdout.write('ready\n');
}

const [, script, redisUrl, nodeId, call] = process.argv;
if (script === import.meta.filename && redisUrl && nodeId && call) await run(redisUrl, nodeId, call);
