/**
 * The web clients' bundles: built at the start into DATA_DIR by `src/web/build.ts`, a process of its own, which does nothing
 * when they are up to date. A failure leaves the old bundles, or none: then the API serves and the pages do not.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Env } from '../../config/env.ts';
import type { Logger } from '../base/log.ts';

const TIMEOUT_MS = 120_000;

/** Resolves when the bundles are there or cannot be made (which is logged). Someone else made them when WEB_DIST is set. */
export async function buildWebClients(env: Env, dataDir: string, log: Logger, signal: AbortSignal): Promise<void> {
  const script = join(import.meta.dirname, '../web/build.ts');
  if (env.WEB_DIST || !existsSync(script)) return;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script], {
      env: { ...process.env, DATA_DIR: dataDir },
      timeout: TIMEOUT_MS,
      signal,
    });
    log.info({ result: stdout.trim() }, 'web clients');
  } catch (error) {
    if (signal.aborted) return;
    const { stderr, message } = error as { stderr?: string; message: string };
    log.error({ reason: (stderr || message).trim().slice(-1_000) }, 'the web clients could not be built: their pages are missing or old');
  }
}
