/**
 * Brings PostgreSQL to where the worker needs it: migrations, the demo account, the months of history. While it is away at start the worker
 * already routes and this waits, however long; a database that this release may not touch ends the start.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Engine } from '../../queues/engine.ts';
import { seedDemo } from '../accounts/demoSeed.ts';
import type { RoleContext } from '../base/context.ts';
import { type Database, isDatabaseAway } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';

const RETRY_MS = 2_000;

export interface PreparationDeps {
  readonly context: RoleContext;
  readonly databaseUrl: string;
  readonly database: Database;
  readonly engine: Engine;
}

/** Resolves when everything stands, or when the signal ends the wait (then false). @throws MigrationError */
export async function prepareDatabase(deps: PreparationDeps, signal: AbortSignal): Promise<boolean> {
  const { env, log, dataDir, secretKey } = deps.context;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      if (await deps.database.isUp()) {
        await migrate(deps.databaseUrl, log);
        if (env.DEMO) await seedDemo({ db: deps.database.kysely, engine: deps.engine, log, secretKey }, dataDir);
        return true;
      }
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
    }
    if (attempt % 30 === 0) log.warn('PostgreSQL is away: routing goes on, history and changes of configuration wait for it');
    await wait(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
