/**
 * The mediasoup worker binary. Looked up, fetched or compiled by `config/setup/buildWorker.mjs` as a child process, so that a
 * compilation of minutes neither blocks this process nor outlives it: its standard input ends when we do.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const RESULT = 'worker: ';

/** The path of a binary that runs here. @throws with what the person can do when there is none and none can be made. */
export async function obtainWorkerBinary(
  given: string | undefined,
  signal: AbortSignal,
  onProgress: (line: string) => void,
): Promise<string> {
  const script = join(import.meta.dirname, '../config/setup/buildWorker.mjs');
  const env = given ? { ...process.env, MEDIASOUP_WORKER_BIN: given } : process.env;
  const child = spawn(process.execPath, [script, '--with-parent'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  // Closing its input lets it end its compilers; nothing is left behind.
  const stop = (): void => void child.stdin.end();
  signal.addEventListener('abort', stop, { once: true });
  let binary = '';
  let trouble = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith(RESULT)) binary = line.slice(RESULT.length);
    else onProgress(line);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    trouble += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  signal.removeEventListener('abort', stop);
  if (code !== 0 || !binary) throw new Error(trouble.trim() || `the build of the worker ended with code ${code}`);
  return binary;
}
