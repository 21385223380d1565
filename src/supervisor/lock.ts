/**
 * One supervisor per DATA_DIR. The lock is flock(2) on `DATA_DIR/lock`, taken by the flock program (util-linux) on a file
 * that this process has open. The kernel gives it up when the process ends, however it ends, so there is no stale lock:
 * not after SIGKILL, not after a power cut, not when the old process id is somebody else's by now.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Another process holds the lock; the message names it. */
export class LockedError extends Error {
  override name = 'LockedError';
}

export interface Lock {
  release(): void;
}

/** @throws LockedError when another process holds it. */
export function lockDataDir(dir: string): Lock {
  const path = join(dir, 'lock');
  const file = openSync(path, 'a+', 0o600);
  const result = spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] });
  if (result.error) {
    closeSync(file);
    throw new Error('the program "flock" (package util-linux) is needed to guard DATA_DIR', { cause: result.error });
  }
  if (result.status !== 0) {
    closeSync(file);
    const holder = readFileSync(path, 'utf8').trim();
    throw new LockedError(
      `Centralino already runs on ${dir} (${holder || 'unknown process'}).\nStop that one first, or give this one its own DATA_DIR and HTTP_PORT.`,
    );
  }
  ftruncateSync(file);
  writeSync(file, `process ${process.pid}, since ${new Date().toISOString()}\n`);
  return { release: () => closeSync(file) };
}
