/** A real engine whose log a real projector writes into a real database, for the tests of history. */
import { Registry } from 'prom-client';
import type { DurableSink, LogEntry, RoutingWorkers } from '../../queues/index.ts';
import { startRoutingWorkers } from '../../queues/index.ts';
import { createDatabase, type Database } from '../../src/db/database.ts';
import { Projector } from '../../src/history/projector.ts';
import { createProjectorMetrics } from '../../src/history/projectorMetrics.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { createTestDatabase, until } from '../support/services.ts';

export interface Projected {
  readonly world: TestEngines;
  readonly database: Database;
  readonly registry: Registry;
  readonly projector: Projector;
  /** Every entry that was given to the projector, in order. */
  readonly entries: LogEntry[];
  /** Waits until history holds what the log holds now. */
  caughtUp(): Promise<void>;
  rows<Row>(sql: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** With a `databaseUrl` of one's own, or a fresh database. */
export async function startProjected(databaseUrl?: string): Promise<Projected> {
  const fresh = databaseUrl ? undefined : await createTestDatabase();
  const world = await startTestEngines();
  const database = createDatabase(databaseUrl ?? fresh?.url ?? '', testLog);
  const registry = new Registry();
  const projector = new Projector({ database, log: testLog, metrics: createProjectorMetrics(registry) });
  const entries: LogEntry[] = [];
  const recording: DurableSink = {
    name: projector.name,
    position: (partition) => projector.position(partition),
    apply: async (partition, batch) => {
      await projector.apply(partition, batch);
      entries.push(...batch);
    },
  };
  const workers: RoutingWorkers = await startRoutingWorkers(world.engine, {
    log: testLog,
    sinks: [recording],
    logBudgetBytes: 512_000_000,
  });
  const { runner, prefix } = world.engine.core;
  const logKey = `${prefix}{p${world.scope.partition}}:log`;

  return {
    world,
    database,
    registry,
    projector,
    entries,
    async caughtUp() {
      const [tail] = (await runner.redis.xrevrange(logKey, '+', '-', 'COUNT', 1)) as [string, string[]][];
      const last = tail?.[0];
      await until(async () => last === undefined || (await projector.position(world.scope.partition).catch(() => undefined)) === last, {
        timeoutMs: 15_000,
        what: 'the projector at the tail',
      });
    },
    async rows<Row>(sql: string, values: unknown[] = []) {
      return (await database.pool.query(sql, values)).rows as Row[];
    },
    async close() {
      await workers.close();
      await world.close();
      await database.close();
      await fresh?.drop();
    },
  };
}
