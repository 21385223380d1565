/** Whether the configuration of the accounts has reached Redis, for /ready. Created once per gateway; once true it stays true. */
import type { Engine } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import type { AccountId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';

export function createConfigCheck(db: Db, config: Engine['config']): () => Promise<boolean> {
  let wasLoaded = false;
  return async () => {
    if (wasLoaded) return true;
    try {
      const account = await db.selectFrom('account').select('id').orderBy('id').limit(1).executeTakeFirst();
      // A center without accounts has nothing to load.
      wasLoaded = account === undefined || (await config.scopeOf(account.id as AccountId)) !== undefined;
      return wasLoaded;
    } catch (error) {
      // Without PostgreSQL nobody can tell what is missing; Redis may well hold everything. Its own check tells of PostgreSQL.
      if (error instanceof AppError && error.code === 'unavailable') return true;
      throw error;
    }
  };
}
