/**
 * A whole installation as a person starts it: `src/main.ts` without ROLES on a DATA_DIR and ports of its own.
 * Video is left out (its worker binary is another test's matter), and so are the web clients' bundles.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, until } from './services.ts';

const root = join(import.meta.dirname, '../..');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of `main.ts`. */
export class Installation {
  readonly dataDir: string;
  readonly httpPort: number;
  readonly exited: Promise<Exit>;
  output = '';
  readonly #process: ChildProcess;

  private constructor(dataDir: string, httpPort: number, process: ChildProcess) {
    this.dataDir = dataDir;
    this.httpPort = httpPort;
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => process.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** Resolves at once; `untilReady` waits. Pass `dataDir` to start on what another run left. */
  static async start(env: Readonly<Record<string, string>> = {}, dataDir = makeDataDir()): Promise<Installation> {
    const httpPort = Number(env.HTTP_PORT ?? (await freePort()));
    const own = {
      DATA_DIR: dataDir,
      HTTP_PORT: String(httpPort),
      HTTP_HOST: '127.0.0.1',
      SIP_HOST: '127.0.0.1',
      DEMO: '0',
      DRAIN_SEC: '0',
      ROLES: '',
    };
    const anyPort = { SIP_PORT: '0', SIP_TLS_PORT: '0', SIP_WS_PORT: '0' };
    const without = { ...anyPort, MEDIASOUP_WORKER_BIN: '/nonexistent', WEB_DIST: dataDir, REDIS_URL: '', DATABASE_URL: '' };
    const process_ = spawn(process.execPath, [join(root, 'src/main.ts')], {
      env: { ...process.env, ...without, ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Installation(dataDir, httpPort, process_);
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  async untilReady(): Promise<void> {
    await this.untilOutput('Centralino is ready', 30_000);
  }

  async untilOutput(text: string, timeoutMs = 15_000): Promise<void> {
    await until(() => this.output.includes(text), { timeoutMs, what: `"${text}" in the output:\n${this.output}\n` });
  }

  /** The process id of a child by its name, as of its last start. */
  childPid(name: string): number {
    const entries = this.output.split('\n').filter((line) => line.includes(`"child":"${name}"`) && line.includes('"childPid"'));
    const last = entries.at(-1);
    if (!last) throw new Error(`no child ${name} in:\n${this.output}`);
    return (JSON.parse(last) as { childPid: number }).childPid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** All processes that were started for this DATA_DIR and still run. */
  processes(): string[] {
    return processesOf(this.dataDir);
  }

  /** For `afterEach`: ends everything of it, whatever state it is in, and removes its files. */
  async destroy(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
    await until(() => this.processes().length === 0, { timeoutMs: 10_000, what: 'the end of all processes' });
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export const makeDataDir = (): string => mkdtempSync(join(tmpdir(), 'centralino-data-'));

/** Found by the DATA_DIR in their environment, which every child takes over, or by their working folder (servers hide their environment). */
function processesOf(dataDir: string): string[] {
  const found: string[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
      const isOurs = environment.includes(`DATA_DIR=${dataDir}`) || readlinkSync(`/proc/${pid}/cwd`).startsWith(`${dataDir}/`);
      if (isOurs) found.push(`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`);
    } catch (error) {
      // Ended while we looked, or another user's.
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return found;
}
