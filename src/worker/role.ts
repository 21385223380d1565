/**
 * The worker role: the engine's loops (offers, knocks, leases, log trimming, reconciler), the projector that writes history, and the chores
 * around PostgreSQL and files. Started by `roles.ts`; any number may run, partitions are shared out by lease. Needs Redis to start; PostgreSQL
 * may be away then or later: routing goes on, the log keeps what happened, and history catches up.
 *
 * Closing order: chores, readers and loops of the engine, metrics, engine, database.
 */
import { createEngine, type RunningEngine, startRoutingWorkers } from '../../queues/index.ts';
import type { Role, RoleContext } from '../base/context.ts';
import { type Loop, repeat } from '../base/loop.ts';
import { createDatabase, type Database } from '../db/database.ts';
import { recordFiles, removeOrphans } from '../files/clearing.ts';
import { filesFolder, LocalFileStore } from '../files/index.ts';
import { Projector } from '../history/projector.ts';
import { createProjectorMetrics } from '../history/projectorMetrics.ts';
import { dropOldMonths, makeMonths } from '../history/retention.ts';
import { publishMetrics } from '../metrics/relay.ts';
import { reconcileConfig } from '../routing/reconcileConfig.ts';
import { prepareDatabase } from './preparation.ts';
import { createWorkerMetrics, type WorkerMetrics } from './workerMetrics.ts';

const CONFIG_MS = 5_000;
const MONTHS_MS = 6 * 60 * 60_000;
const RECORD_FILES_MS = 60_000;
const ORPHANS_MS = 60 * 60_000;

/** @throws AppError unavailable without Redis; MigrationError when PostgreSQL is reachable but not ours to use */
export async function startWorker(context: RoleContext): Promise<Role> {
  const { env, log, nodeId } = context;
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = env;
  if (!redisUrl || !databaseUrl) throw new Error('the worker role needs REDIS_URL and DATABASE_URL');

  const stopping = new AbortController();
  const engine = await createEngine({ redisUrl, nodeId, log });
  const database = createDatabase(databaseUrl, log);
  const metrics = createWorkerMetrics(nodeId);
  const projector = new Projector({ database, log, metrics: createProjectorMetrics(metrics.registry) });
  const chores: Loop[] = [];

  const prepare = async (): Promise<void> => {
    if (await prepareDatabase({ context, databaseUrl, database, engine }, stopping.signal))
      chores.push(...startChores(context, engine, database, metrics));
  };
  let prepared: Promise<void> = Promise.resolve();
  try {
    if (await database.isUp()) await prepare();
    else
      prepared = prepare().catch((error: unknown) =>
        log.fatal({ err: error }, 'PostgreSQL is back, but cannot be used: history stands still'),
      );
  } catch (error) {
    await engine.close('start failed');
    await database.close();
    throw error;
  }
  const repairs = { isReconciling: env.REPAIRS, isSweepingKnocks: env.REPAIRS };
  const workers = await startRoutingWorkers(engine, { log, sinks: [projector], logBudgetBytes: env.LOG_BUDGET_BYTES, ...repairs });
  metrics.watch(workers.figures);
  const published = publishMetrics(engine, nodeId, metrics.registry, log);

  return {
    async close(reason) {
      stopping.abort();
      await prepared;
      await Promise.all(chores.map((chore) => chore.close()));
      await workers.close();
      await published.close();
      metrics.registry.clear();
      await engine.close(reason);
      await database.close();
    },
  };
}

/** What needs PostgreSQL. Each turn that meets it away is tried again. */
function startChores({ env, log, dataDir }: RoleContext, engine: RunningEngine, database: Database, metrics: WorkerMetrics): Loop[] {
  const files = new LocalFileStore(filesFolder(dataDir));
  const db = database.kysely;
  const config = async (): Promise<void> => {
    const { copies } = await reconcileConfig(db, engine, log);
    metrics.configRepairs.inc(copies);
  };
  const months = async (): Promise<void> => {
    await makeMonths({ database, files, log }, Date.now());
    await dropOldMonths({ database, files, log }, env.HISTORY_MONTHS, Date.now());
  };
  const atOnce = { firstAfterMs: 0 };
  return [
    repeat('config', CONFIG_MS, config, log, atOnce),
    repeat('months', MONTHS_MS, months, log, atOnce),
    repeat('files', RECORD_FILES_MS, () => recordFiles({ db, store: files, log }), log, atOnce),
    repeat('orphans', ORPHANS_MS, () => removeOrphans({ store: files, log }), log, atOnce),
  ];
}
