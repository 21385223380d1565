/**
 * Where every process begins. Without ROLES it is the supervisor, which starts this file again once per role; with ROLES it
 * carries those roles itself. Ends with code 0 after SIGTERM or SIGINT, 78 on a wrong configuration, 1 on a failure.
 * A process that was started over IPC ends when its parent does.
 */
import { randomBytes } from 'node:crypto';
import { type Env, EnvError, loadEnv } from '../config/env.ts';
import type { RoleContext, RunningRole } from './base/context.ts';
import { createLogger } from './base/log.ts';
import { rolesToRun, startRoles } from './roles.ts';
import { DataDirError, openDataDir, readSecrets } from './supervisor/dataDir.ts';
import { LockedError } from './supervisor/lock.ts';
import { humanLine } from './supervisor/logLines.ts';
import { ALIVE_EVERY_MS, type ChildMessage } from './supervisor/roleProcess.ts';

const WRONG_CONFIGURATION = 78;
/** Beyond DRAIN_SEC; then the process ends whatever is still open. */
const CLOSE_LIMIT_MS = 15_000;
/** The parent was killed: what this process stands on (Redis, PostgreSQL) goes at the same time, so most of what closing would do cannot be done. */
const ORPHAN_LIMIT_MS = 5_000;
/** A second signal sooner than this is the same one, come by another way (terminal and npm both send it). */
const SAME_SIGNAL_MS = 1_000;

const env = readEnv();
const roles = rolesToRun(env);
const part = roles.length === 0 ? 'supervisor' : roles.join('+');
const log = createLogger(part, env.LOG_LEVEL);

process.on('uncaughtException', (error) => crash(error));
process.on('unhandledRejection', (error) => crash(error));

/** Ends waits of the start when we are asked to stop meanwhile. */
const stopping = new AbortController();
const starting: Promise<RunningRole> = roles.length === 0 ? supervise() : carry();
stopOnSignals(starting);
try {
  await starting;
  tell({ kind: 'ready' });
} catch (error) {
  if (!stopping.signal.aborted) explain(error);
  process.exit(stopping.signal.aborted ? 0 : 1);
}

async function supervise(): Promise<RunningRole> {
  const toTerminal = process.stdout.isTTY;
  const print = (line: string): void => void process.stdout.write(`${toTerminal ? humanLine(line) : line}\n`);
  const { startSupervisor } = await import('./supervisor/supervisor.ts');
  return startSupervisor({ env, log, onLine: print, signal: stopping.signal });
}

async function carry(): Promise<RunningRole> {
  if (process.connected) setInterval(() => tell({ kind: 'alive' }), ALIVE_EVERY_MS).unref();
  const dataDir = openDataDir(env.DATA_DIR);
  // What was started again is another: its predecessor's leases lapse, and others find it at its own address.
  const nodeId = `${env.NODE_ID ?? `${roles.length === 1 ? roles[0] : 'node'}-${process.pid}`}-${randomBytes(4).toString('hex')}`;
  const context: RoleContext = { env, log, dataDir, nodeId, secretKey: env.SECRET_KEY ?? readSecrets(dataDir).secretKey };
  return startRoles(roles, context);
}

function readEnv(): Env {
  try {
    return loadEnv();
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    console.error(error.message);
    process.exit(WRONG_CONFIGURATION);
  }
}

function stopOnSignals(running: Promise<RunningRole>): void {
  let firstAt: number | undefined;
  const stop = async (reason: string, limitMs = env.DRAIN_SEC * 1_000 + CLOSE_LIMIT_MS): Promise<void> => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
      return;
    }
    firstAt = performance.now();
    stopping.abort();
    log.info({ reason }, 'stopping');
    setTimeout(() => {
      log.error('not everything closed in time, ending anyway');
      process.exit(1);
    }, limitMs).unref();
    await (await running).close(reason);
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
  if (process.connected) process.on('disconnect', () => void stop('the parent process ended', ORPHAN_LIMIT_MS));
}

/** Tells the process that started us, if it listens. */
function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

/** A failure to start: what a person can mend is said in one message, the rest is a fault and shows its stack. */
function explain(error: unknown): void {
  if (error instanceof DataDirError || error instanceof LockedError) console.error(error.message);
  else log.fatal({ err: error }, 'cannot start');
}

function crash(error: unknown): never {
  log.fatal({ err: error }, 'unexpected failure, the process ends');
  process.exit(1);
}
