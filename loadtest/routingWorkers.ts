/**
 * A worker without sweeper and reconciler, in a process of its own: what is not about lost timers must behave and cost the same without them.
 * Started by the routing benchmark with `--no-repair`; reads REDIS_URL and DATABASE_URL. Offers that expire are swept, so none must expire here.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createEngine, startRoutingWorkers } from '../queues/index.ts';
import { createLogger } from '../src/base/log.ts';
import { createDatabase } from '../src/db/database.ts';
import { Projector } from '../src/history/projector.ts';
import { createProjectorMetrics } from '../src/history/projectorMetrics.ts';
import { publishMetrics } from '../src/metrics/relay.ts';
import { createWorkerMetrics } from '../src/worker/workerMetrics.ts';
import type { Center } from '../test/support/center.ts';

const NODE_ID = 'worker-without-repair';
const LOG_BUDGET_BYTES = 512_000_000;

export async function startWorkerWithoutRepair(center: Center): Promise<{ pid: number; close(): Promise<void> }> {
  const child: ChildProcess = fork(import.meta.filename, {
    env: { ...process.env, REDIS_URL: center.redisUrl, DATABASE_URL: center.databaseUrl },
    execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'],
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`the worker without repair ended (${code})`)));
  });
  return {
    pid: child.pid as number,
    close: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit');
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

async function work(redisUrl: string, databaseUrl: string): Promise<void> {
  const log = createLogger('bench-worker', 'warn');
  const engine = await createEngine({ redisUrl, nodeId: NODE_ID, log });
  const database = createDatabase(databaseUrl, log);
  const metrics = createWorkerMetrics(NODE_ID);
  const projector = new Projector({ database, log, metrics: createProjectorMetrics(metrics.registry) });
  const options = { log, sinks: [projector], logBudgetBytes: LOG_BUDGET_BYTES, isSweeping: false, isReconciling: false };
  const workers = await startRoutingWorkers(engine, options);
  metrics.watch(workers.figures);
  publishMetrics(engine, NODE_ID, metrics.registry, log);
  process.once('disconnect', () => process.exit(0));
  process.send?.('ready');
}

if (process.argv[1] === import.meta.filename) await work(process.env['REDIS_URL'] ?? '', process.env['DATABASE_URL'] ?? '');
