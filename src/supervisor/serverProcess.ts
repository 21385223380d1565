/**
 * One server program that is not ours (Redis, PostgreSQL), started as a child of this process.
 * It never outlives us: `setpriv --pdeathsig` (util-linux) makes the kernel signal it when we die, even by SIGKILL.
 * Who starts it learns of its end through `ended`; stopping goes from a polite signal to SIGKILL after a deadline.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

const LAST_LINES = 2;
/** What a process printed may arrive a little after its end. */
const PIPE_MS = 50;

export interface ServerProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The signal that ends it cleanly: what `stop` sends, and the kernel when we die. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
  /** Run as this user. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Let that user pass folders it has no right to enter; only as root, where a Linux capability for it is to be had. */
  readonly passAnyFolder?: boolean;
  /** Receives every line it prints. */
  readonly onLine: (line: string) => void;
}

export interface ServerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The file of a program on PATH, or undefined. */
export function findProgram(name: string, path = process.env.PATH ?? ''): string | undefined {
  for (const folder of [...path.split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder: the next one is tried.
    }
  }
  return undefined;
}

/** Whether a process of this id exists (also one of another user). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Waits until the process is gone. @returns whether it was gone in time. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

export class ServerProcess {
  readonly pid: number;
  readonly ended: Promise<ServerEnd>;
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  #end: ServerEnd | undefined;
  #lastLines: readonly string[] = [];

  private constructor(child: ChildProcess, pid: number, program: ServerProgram) {
    this.#child = child;
    this.pid = pid;
    this.#stopSignal = program.stopSignal;
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
      });
    });
    const onLine = (line: string): void => {
      this.#lastLines = [...this.#lastLines.slice(1 - LAST_LINES), line];
      program.onLine(line);
    };
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', onLine);
  }

  /** @throws the spawn error when the program cannot be executed at all. */
  static async start(program: ServerProgram): Promise<ServerProcess> {
    const { command, args, options } = commandLine(program);
    const child = spawn(command, args, {
      ...options,
      cwd: program.cwd,
      env: program.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return new ServerProcess(child, child.pid as number, program);
  }

  /** How it ended, for people: with what it printed last when it gave up by itself. */
  async epitaph(): Promise<string> {
    const { code, signal } = await this.ended;
    if (signal) return `signal ${signal}`;
    if (code === 0) return 'exit code 0';
    await wait(PIPE_MS);
    return `exit code ${code}; it printed last: ${this.#lastLines.join(' | ')}`;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it cleanly, or by SIGKILL after `timeoutMs`. */
  async stop(timeoutMs = 8_000): Promise<void> {
    if (this.#end) return;
    this.kill(this.#stopSignal);
    const timer = setTimeout(() => this.kill('SIGKILL'), timeoutMs);
    await this.ended;
    clearTimeout(timer);
  }
}

function commandLine(program: ServerProgram): { command: string; args: string[]; options: { uid?: number; gid?: number } } {
  const setpriv = findProgram('setpriv');
  const { user } = program;
  if (!setpriv) return { command: program.command, args: [...program.args], options: user ? { uid: user.uid, gid: user.gid } : {} };
  const flags = ['--pdeathsig', program.stopSignal.replace('SIG', '')];
  if (user) flags.push('--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups');
  const capability = user && program.passAnyFolder ? folderCapability() : undefined;
  // The secure bit makes access(2), which PostgreSQL asks, honour the capability too.
  if (capability) flags.push('--inh-caps', `+${capability}`, '--ambient-caps', `+${capability}`, '--securebits', '+no_setuid_fixup');
  return { command: setpriv, args: [...flags, '--', program.command, ...program.args], options: {} };
}

/** What lets a user enter folders of others: the right to read alone, or the greater one, which is all that root has in most containers. */
function folderCapability(): string | undefined {
  const capabilities = { dac_read_search: 2n, dac_override: 1n };
  const [, mask = '0'] = /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Object.entries(capabilities).find(([, bit]) => (BigInt(`0x${mask}`) >> bit) & 1n)?.[0];
}
