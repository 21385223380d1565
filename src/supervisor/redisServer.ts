/**
 * The embedded Redis (or Valkey): a private server under a folder of ours, bound to 127.0.0.1, with a password,
 * every write on disk before it is answered (`appendfsync always`) and nothing ever evicted.
 * Created by the supervisor, by the role `redis` and by tests; a server left behind by a killed owner is stopped first.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftovers, hasLeftovers } from './leftovers.ts';
import { askRedis, infoField, RedisReplyError } from './redisProbe.ts';
import { findProgram, type ServerEnd, ServerProcess, waitForEnd } from './serverProcess.ts';

export interface RedisServerOptions {
  /** Folder for its files; made when missing. */
  readonly dir: string;
  readonly port: number;
  readonly password: string;
  /** Receives every line it prints. */
  readonly onLine: (line: string) => void;
  /** Further lines of its configuration. */
  readonly settings?: readonly string[];
  /** How long it may take to answer after it was started; loading a large append-only file counts. */
  readonly readyTimeoutMs?: number;
}

const PROGRAMS = ['valkey-server', 'redis-server'] as const;
const STOP_SIGNAL = 'SIGTERM';

/** The program on this machine that serves Redis, or undefined. */
export const findRedisProgram = (): string | undefined => PROGRAMS.map((name) => findProgram(name)).find((file) => file !== undefined);

export function redisUrl(options: Pick<RedisServerOptions, 'port' | 'password'>): string {
  return `redis://:${options.password}@127.0.0.1:${options.port}/0`;
}

export class RedisServer {
  readonly url: string;
  readonly #process: ServerProcess;

  private constructor(process: ServerProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  /** Starts it and waits until it answers. @throws when no server program is installed, or it ends or stays silent. */
  static async start(options: RedisServerOptions): Promise<RedisServer> {
    const program = findRedisProgram();
    if (!program)
      throw new Error('neither redis-server nor valkey-server is installed: run "apt-get install redis-server", or set REDIS_URL');
    const url = redisUrl(options);
    await endLeftovers({ dir: options.dir, programs: PROGRAMS, stopSignal: STOP_SIGNAL });
    await stopAnswering(url);
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    const config = join(options.dir, 'redis.conf');
    writeFileSync(config, configText(options), { mode: 0o600 });
    let lastLine = '';
    const server = await ServerProcess.start({
      command: program,
      args: [config],
      cwd: options.dir,
      stopSignal: STOP_SIGNAL,
      onLine: (line) => {
        lastLine = line;
        options.onLine(line);
      },
    });
    try {
      await waitUntilReady(url, server, options.readyTimeoutMs ?? 60_000);
    } catch (error) {
      await server.stop(2_000);
      throw new Error(`Redis did not start: ${(error as Error).message}${lastLine && ` (it printed last: ${lastLine})`}`, { cause: error });
    }
    return new RedisServer(server, url);
  }

  /** Whether a server on this folder, left behind by a killed owner, still runs. `start` ends it. */
  static isLeftover(dir: string): boolean {
    return hasLeftovers({ dir, programs: PROGRAMS });
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves at its end, with how it ended, for people. */
  get epitaph(): Promise<string> {
    return this.#process.epitaph();
  }

  get ended(): Promise<ServerEnd> {
    return this.#process.ended;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async close(timeoutMs?: number): Promise<void> {
    await this.#process.stop(timeoutMs);
  }
}

function configText({ dir, port, password, settings = [] }: RedisServerOptions): string {
  return `${[
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${dir}"`,
    'daemonize no',
    'appendonly yes',
    'appendfsync always',
    'no-appendfsync-on-rewrite no',
    'aof-load-truncated yes',
    'save ""',
    'maxmemory-policy noeviction',
    'tcp-backlog 511',
    'loglevel notice',
    ...settings,
  ].join('\n')}\n`;
}

async function waitUntilReady(url: string, server: ServerProcess, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (server.hasEnded) throw new Error('it ended while starting');
    try {
      const [info] = await askRedis(url, [['INFO', 'server'], ['PING']], 1_000);
      if (Number(infoField(info, 'process_id')) === server.pid) return;
      throw new Error('another server answers on its port');
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ends a server that answers on our port with our password, where its folder does not tell of it. Anybody else's is left alone. */
async function stopAnswering(url: string): Promise<void> {
  let pid: number;
  try {
    const [info] = await askRedis(url, [['INFO', 'server']], 1_000);
    pid = Number(infoField(info, 'process_id'));
  } catch (error) {
    if (error instanceof RedisReplyError) throw new Error(`another program serves Redis on port ${new URL(url).port}`, { cause: error });
    return;
  }
  process.kill(pid, 'SIGTERM');
  if (await waitForEnd(pid, 10_000)) return;
  process.kill(pid, 'SIGKILL');
  await waitForEnd(pid, 2_000);
}
