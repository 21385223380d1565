/**
 * A whole center for tests and benchmarks: an own Redis and PostgreSQL and the real processes (`src/main.ts` with ROLES), each of which can be
 * killed, stopped for a while or started again by its name: `redis`, `postgres`, `gateway-1` …, `worker-1` …, and for calls `edge-1`, `rtp-1`, `sip-1`.
 * Created by `startCenter`. `close` fails when a process ended that nobody killed, or one is left behind.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { RoleName } from '../../config/env.ts';
import { freePort } from '../../src/supervisor/freePort.ts';
import type { Running } from '../../src/supervisor/keepRunning.ts';
import { PostgresServer } from '../../src/supervisor/postgresServer.ts';
import { RedisServer } from '../../src/supervisor/redisServer.ts';
import { startRoleProcess } from '../../src/supervisor/roleProcess.ts';
import { descendantsOf, mentioning, signalTree } from './processTree.ts';
import { until } from './services.ts';

const PASSWORD = 'test-only-password';
const DATABASE = 'centralino';
const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const KEPT_LINES = 400;
/**
 * PostgreSQL without waiting for the disk, which is safe as long as only processes die. `synchronous_commit` stays on: without it a killed
 * server forgets what it had committed, and what was built on it is rightly taken back.
 */
const HASTY = { fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB' };

/** Written by the seeder of the demo account. */
const demoSchema = z.object({
  account: z.string(),
  signIns: z.array(
    z.object({
      email: z.string(),
      password: z.string(),
      role: z.string(),
      phone: z.object({ name: z.string(), username: z.string(), password: z.string() }),
    }),
  ),
  numbers: z.array(z.object({ number: z.string(), queue: z.string() })),
});
export type Demo = z.infer<typeof demoSchema>;

export interface CenterOptions {
  readonly gateways?: number;
  readonly workers?: number;
  /** Processes for calls: SIP servers, phone media, SIP applications. None unless asked for. */
  readonly edges?: number;
  readonly rtps?: number;
  readonly sips?: number;
  /** Processes that carry video. */
  readonly sfus?: number;
  /** Set for all processes over the defaults here. */
  readonly env?: Readonly<Record<string, string>>;
  /** PostgreSQL with its shipped durability, for benchmarks. */
  readonly isDurable?: boolean;
}

interface Part {
  readonly start: () => Promise<Running>;
  running: Running | undefined;
  /** Somebody here ended it; else its end is a crash. */
  isEndExpected: boolean;
}

/** Starts everything and waits until every gateway is ready. @throws with the last lines of the process that did not start. */
export async function startCenter(options: CenterOptions = {}): Promise<Center> {
  const center = new Center(mkdtempSync(join(tmpdir(), 'centralino-center-')));
  try {
    await center.open(options);
  } catch (error) {
    const lines = center.lines.slice(-15).join('\n');
    await center.close().catch(() => undefined); // The reason why it did not start is what counts.
    throw new Error(`the center did not start:\n${lines}`, { cause: error });
  }
  return center;
}

export class Center {
  /** Base addresses of the gateways, `http://127.0.0.1:PORT`. */
  readonly gateways: string[] = [];
  /** SIP ports of the edges on 127.0.0.1, UDP and TCP. */
  readonly sipPorts: number[] = [];
  /** DATA_DIR of all its processes. */
  readonly dataDir: string;
  /** The last lines that its processes printed, each with the process's name before it. */
  readonly lines: string[] = [];
  redisUrl = '';
  databaseUrl = '';
  readonly #folder: string;
  readonly #parts = new Map<string, Part>();
  readonly #crashes: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    this.dataDir = join(folder, 'data');
  }

  /** Called once by `startCenter`. */
  async open({
    gateways = 1,
    workers = 1,
    edges = 0,
    rtps = 0,
    sips = 0,
    sfus = 0,
    env = {},
    isDurable = false,
  }: CenterOptions): Promise<void> {
    const [redisPort, postgresPort] = [await freePort(), await freePort()];
    await Promise.all([
      this.#add('redis', async () => {
        const server = await RedisServer.start({
          dir: join(this.#folder, 'redis'),
          port: redisPort,
          password: PASSWORD,
          onLine: this.#keepLines('redis'),
        });
        this.redisUrl = server.url;
        return asRunning(server);
      }),
      this.#add('postgres', async () => {
        const settings = isDurable ? {} : HASTY;
        const place = { dir: join(this.#folder, 'postgres'), port: postgresPort, password: PASSWORD, database: DATABASE };
        const server = await PostgresServer.start({ ...place, settings, onLine: this.#keepLines('postgres') });
        this.databaseUrl = server.url;
        return asRunning(server);
      }),
    ]);
    const common = {
      REDIS_URL: this.redisUrl,
      DATABASE_URL: this.databaseUrl,
      DATA_DIR: this.dataDir,
      HTTP_HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      DRAIN_SEC: '1',
      DEMO: '1',
      TRUST_PROXY: '1',
      SECRET_KEY: 'a key for tests that is long enough',
      ...env,
    };
    for (let number = 1; number <= workers; number++) await this.#addRole('worker', number, common);
    for (let number = 1; number <= gateways; number++) {
      const port = await freePort();
      this.gateways.push(`http://127.0.0.1:${port}`);
      await this.#addRole('gateway', number, { ...common, HTTP_PORT: String(port) });
    }
    for (let number = 1; number <= rtps; number++) await this.#addRole('rtp', number, common);
    for (let number = 1; number <= edges; number++) {
      const [port, wsPort] = [await freePort(), await freePort()];
      this.sipPorts.push(port);
      await this.#addRole('edge', number, { ...common, SIP_HOST: '127.0.0.1', SIP_PORT: String(port), SIP_WS_PORT: String(wsPort) });
    }
    for (let number = 1; number <= sips; number++) await this.#addRole('sip', number, common);
    for (let number = 1; number <= sfus; number++)
      await this.#addRole('sfu', number, { ...common, RTC_PORT: '0', PUBLIC_HOST: '127.0.0.1' });
    await this.ready();
  }

  /** Names of all processes, killed ones included. */
  get names(): string[] {
    return [...this.#parts.keys()];
  }

  /** @throws when it does not run. */
  pidOf(name: string): number {
    const { running } = this.#part(name);
    if (!running) throw new Error(`${name} does not run`);
    return running.pid;
  }

  /** Resolves when every gateway answers that it is ready. @throws at once when a process has ended by itself */
  async ready(): Promise<void> {
    for (const address of this.gateways) {
      const isThere = async (): Promise<boolean> => {
        if (this.#crashes.length > 0) throw new Error(this.#crashes.join('\n'));
        return isReady(address);
      };
      await until(isThere, { timeoutMs: READY_TIMEOUT_MS, what: `${address}/ready` });
    }
  }

  /** The demo account's sign-ins. */
  demo(): Promise<Demo> {
    const file = join(this.dataDir, 'demo.json');
    return until(() => (existsSync(file) ? demoSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined), { what: 'demo.json' });
  }

  /** Sends the signal and waits until the process is gone. It stays away until `restart`. */
  async kill(name: string, signal: 'SIGKILL' | 'SIGTERM' | 'SIGINT' = 'SIGKILL'): Promise<void> {
    const part = this.#part(name);
    const { running } = part;
    if (!running) return;
    part.isEndExpected = true;
    process.kill(running.pid, signal);
    await running.ended;
    part.running = undefined;
  }

  /** Stops the process and all it started (SIGSTOP) for so long, then lets it go on. */
  pauseFor(name: string, ms: number): Promise<void> {
    return this.pauseWhile(name, () => wait(ms));
  }

  /** The same until something is done. */
  async pauseWhile(name: string, work: () => Promise<unknown>): Promise<void> {
    const pid = this.pidOf(name);
    signalTree(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      signalTree(pid, 'SIGCONT');
    }
  }

  /** Starts the process again on the same port and files; ends it cleanly first when it runs. Does not wait until it is ready. */
  async restart(name: string): Promise<void> {
    await this.#stop(this.#part(name));
    await this.#start(name);
  }

  /** Ends everything in the order in which nothing misses what it stands on. @throws when something had crashed, or is left behind. */
  async close(): Promise<void> {
    const started = [...this.#parts.values()].flatMap(({ running }) => (running ? [running.pid, ...descendantsOf(running.pid)] : []));
    for (const kind of ['gateway', 'sfu', 'sip', 'edge', 'rtp', 'worker', 'postgres', 'redis']) {
      const parts = [...this.#parts].filter(([name]) => name.startsWith(kind)).map(([, part]) => part);
      await Promise.all(parts.map((part) => this.#stop(part)));
    }
    await until(() => mentioning(this.#folder).length === 0, { what: `the end of ${started.length} processes` }).catch(() => undefined); // Named below.
    const left = mentioning(this.#folder);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
    const troubles = [...this.#crashes, ...left.map(({ pid, command }) => `process ${pid} was left behind: ${command}`)];
    if (troubles.length > 0) throw new Error(`${troubles.join('\n')}\nlast lines:\n${this.lines.slice(-30).join('\n')}`);
  }

  #part(name: string): Part {
    const part = this.#parts.get(name);
    if (!part) throw new Error(`there is no process ${name}, only ${this.names.join(', ')}`);
    return part;
  }

  async #addRole(role: RoleName, number: number, env: Readonly<Record<string, string>>): Promise<void> {
    const name = `${role}-${number}`;
    const onLine = this.#keepLines(name);
    const onHung = (): void => void this.#crashes.push(`${name} gave no sign of life for a minute`);
    await this.#add(name, () => startRoleProcess({ role, env, onLine, onReady: () => onLine('ready'), onHung }));
  }

  async #add(name: string, start: () => Promise<Running>): Promise<void> {
    this.#parts.set(name, { start, running: undefined, isEndExpected: false });
    await this.#start(name);
  }

  async #start(name: string): Promise<void> {
    const part = this.#part(name);
    part.isEndExpected = false;
    const running = await part.start();
    part.running = running;
    void running.ended.then((how) => {
      if (part.running !== running || part.isEndExpected) return;
      const lastWords = this.lines.filter((line) => line.startsWith(`${name}: `)).slice(-3);
      this.#crashes.push([`${name} ended by itself: ${how}`, ...lastWords].join('\n'));
    });
  }

  async #stop(part: Part): Promise<void> {
    part.isEndExpected = true;
    const { running } = part;
    if (!running) return;
    signalTree(running.pid, 'SIGCONT');
    await running.stop(STOP_TIMEOUT_MS);
    part.running = undefined;
  }

  #keepLines(name: string): (line: string) => void {
    return (line) => {
      this.lines.push(`${name}: ${line}`);
      if (this.lines.length > KEPT_LINES) this.lines.splice(0, this.lines.length - KEPT_LINES);
    };
  }
}

function asRunning(server: RedisServer | PostgresServer): Running {
  const ended = server.ended.then(({ code, signal }) => (signal ? `signal ${signal}` : `exit code ${code}`));
  return { pid: server.pid, ended, stop: () => server.close() };
}

async function isReady(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // Not listening yet.
  }
}
