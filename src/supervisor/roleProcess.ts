/**
 * One child process of ours: `main.ts` with ROLES set. It watches the IPC channel to us and ends when that closes, so it
 * never outlives a killed supervisor; we watch its signs of life and end it by force when its event loop hangs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RoleName } from '../../config/env.ts';
import type { Running } from './keepRunning.ts';

/** What a child tells over IPC. */
export type ChildMessage = { readonly kind: 'ready' } | { readonly kind: 'alive' };

export const ALIVE_EVERY_MS = 5_000;
const SILENT_TOO_LONG_MS = 60_000;

export interface RoleProcessOptions {
  readonly role: RoleName;
  /** Set over the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Receives every line it prints. */
  readonly onLine: (line: string) => void;
  /** Its role has started. */
  readonly onReady: () => void;
  /** It gave no sign of life for too long and is ended by force. */
  readonly onHung: () => void;
}

/** Messages live shortly: with more room for the young, fewer of them are copied on. Costs up to 48 MB a process. */
const NODE_FLAGS = ['--max-semi-space-size=32'];

/** Starts it; resolves when the process exists, not when its role is ready. */
export async function startRoleProcess(options: RoleProcessOptions): Promise<Running> {
  const child = spawn(process.execPath, [...NODE_FLAGS, join(import.meta.dirname, '../main.ts')], {
    env: { ...process.env, ...options.env, ROLES: options.role },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: Ctrl-C in a terminal reaches the supervisor only, which closes things in order.
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', options.onLine);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  watchLife(child, options, ended);
  return { pid: child.pid as number, ended, stop: (timeoutMs) => stop(child, ended, timeoutMs) };
}

function watchLife(child: ChildProcess, { onReady, onHung }: RoleProcessOptions, ended: Promise<string>): void {
  const giveUp = (): void => {
    onHung();
    child.kill('SIGKILL');
  };
  let timer = setTimeout(giveUp, SILENT_TOO_LONG_MS);
  child.on('message', (message: ChildMessage) => {
    clearTimeout(timer);
    timer = setTimeout(giveUp, SILENT_TOO_LONG_MS);
    if (message.kind === 'ready') onReady();
  });
  void ended.then(() => clearTimeout(timer));
}

async function stop(child: ChildProcess, ended: Promise<string>, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(timer);
}
