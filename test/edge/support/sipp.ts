/** SIPp (Debian: sip-tester), with the scenario files of drachtio-srf's own tests or with ours. Real processes; a failed call fails the run. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const PACKAGE_TESTS = join(dirname(createRequire(import.meta.url).resolve('drachtio-srf')), '../test');
/** The package's scenario files, in a folder of this process. Debian's SIPp wants `<` and `>` in attributes escaped; else they are as they were. */
export const SCENARIOS = readableScenarios(join(PACKAGE_TESTS, 'scenarios'));

function readableScenarios(from: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-scenarios-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const name of readdirSync(from).filter((file) => file.endsWith('.xml'))) {
    const escaped = (_: string, regexp: string): string => `regexp="${regexp.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`;
    writeFileSync(join(folder, name), readFileSync(join(from, name), 'utf8').replaceAll(/regexp="([^"]*)"/g, escaped));
  }
  return folder;
}

export interface Sipp {
  readonly port: number;
  /** @throws with the end of its output when a call failed */
  readonly done: Promise<void>;
  stop(): void;
}

/** SIPp binds its port a moment after it was found free: no two of this process get the same. */
const given = new Set<number>();

/** Below the ports the system gives out by itself and those of phone media. */
export async function freeUdpPort(): Promise<number> {
  for (;;) {
    const port = 11_000 + 4 * Math.floor(Math.random() * 2_000);
    if (given.has(port)) continue;
    const socket = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    given.add(port);
    return port;
  }
}

export interface SippOptions {
  /** Calls, after which it ends; 0: it goes on until stopped. */
  readonly calls?: number;
  readonly port?: number;
  readonly args?: readonly string[];
}

/** A called side; ready when its port is bound. */
export async function sippUas(scenario: string, options: SippOptions = {}): Promise<Sipp> {
  return startSipp(scenario, [], options);
}

/** A calling side. */
export async function sippUac(scenario: string, target: string, options: SippOptions = {}): Promise<Sipp> {
  return startSipp(scenario, [target], options);
}

async function startSipp(scenario: string, target: readonly string[], { calls = 1, args = [], ...options }: SippOptions): Promise<Sipp> {
  const port = options.port ?? (await freeUdpPort());
  const media = await freeUdpPort();
  const file = scenario.includes('/') ? scenario : join(SCENARIOS, scenario);
  // Not /dev/stderr: that is a socket here, which SIPp cannot open, and then it ends.
  const errors = join(tmpdir(), `sipp-${port}-${Date.now()}.err`);
  const list = ['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-mp', String(media), '-nostdin', '-trace_err', '-error_file', errors];
  if (calls > 0) list.push('-m', String(calls));
  const child = spawn('sipp', [...list, ...args, ...target], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('latin1')).slice(-6_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const trouble = existsSync(errors) ? readFileSync(errors, 'latin1') : '';
      rmSync(errors, { force: true });
      if (code === 0 || (calls === 0 && code !== 255)) resolve();
      else reject(new Error(`sipp ${scenario} ended with ${code}:\n${trouble}\n${output}`));
    });
  });
  done.catch(() => undefined);
  if (target.length === 0 && !(await isBound(child.pid as number, port, done))) {
    if (options.port !== undefined) await done;
    // Another process was quicker.
    return startSipp(scenario, target, { calls, args, ...options });
  }
  return { port, done, stop: () => void child.kill('SIGKILL') };
}

/** Whether it listens: the socket of that port is its own. False: it ended before. */
async function isBound(pid: number, port: number, ended: Promise<void>): Promise<boolean> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  ended.then(over, over);
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  while (!isOver) {
    const inode = readFileSync('/proc/net/udp', 'latin1')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find((fields) => fields[1] === local)?.[9];
    if (inode !== undefined && socketsOf(pid).has(`socket:[${inode}]`)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

function socketsOf(pid: number): ReadonlySet<string> {
  const folder = `/proc/${pid}/fd`;
  const targets = new Set<string>();
  try {
    for (const name of readdirSync(folder)) targets.add(readlinkSync(join(folder, name)));
  } catch {
    // It ended, or closed one meanwhile.
  }
  return targets;
}
