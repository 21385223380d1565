/**
 * A change of what a user may do, carried to the open sessions (ACC-2, ACC-3: at once). The change leaves a row in its own transaction;
 * the row goes when Redis has the new rights. So a right that was taken away does not survive a Redis that was away, or a process
 * that died, between the two: the reconciler finds the row.
 */
import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Engine } from '../../queues/engine.ts';
import type { AccountId, UserId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { Db } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { buildSnapshot } from './snapshot.ts';

export interface RightsChange {
  /** For the log and the closed sockets, e.g. `password.changed`. */
  readonly reason: string;
  /** End every session but `exceptSession`, even if the user may stay. */
  readonly isRevoking?: boolean;
  readonly exceptSession?: string;
}

interface RightsDeps {
  readonly db: Db;
  readonly engine: Engine;
  readonly log: Logger;
}

export async function recordRightsChange(trx: Transaction<Tables>, accountId: string, userId: string, change: RightsChange): Promise<void> {
  const isRevoking = change.isRevoking ?? false;
  await trx.updateTable('app_user').set({ rights_version: sql`rights_version + 1` }).where('id', '=', userId).execute();
  await trx
    .insertInto('rights_change')
    .values({
      user_id: userId,
      account_id: accountId,
      is_revoking: isRevoking,
      except_session: change.exceptSession ?? '',
      reason: change.reason,
    })
    .onConflict((conflict) =>
      conflict.column('user_id').doUpdateSet((eb) => ({
        is_revoking: sql<boolean>`rights_change.is_revoking or excluded.is_revoking`,
        except_session: isRevoking ? eb.ref('excluded.except_session') : eb.ref('rights_change.except_session'),
        reason: eb.ref('excluded.reason'),
      })),
    )
    .execute();
}

/**
 * Carries the user's pending change to Redis, if there is one. The row stays locked meanwhile: a change committed before the lock is
 * seen by the snapshot, one after it leaves a row of its own. @throws AppError unavailable; the row stays then
 */
export async function applyRightsChange({ db, engine, log }: RightsDeps, userId: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const change = await trx
      .selectFrom('rights_change')
      .innerJoin('account', 'account.id', 'rights_change.account_id')
      .select(['rights_change.account_id', 'account.partition', 'is_revoking', 'except_session', 'reason'])
      .where('user_id', '=', userId)
      .forUpdate('rights_change')
      .executeTakeFirst();
    if (!change) return false;
    const scope = { accountId: change.account_id as AccountId, partition: change.partition };
    const user = userId as UserId;
    const snapshot = await buildSnapshot(trx, user);
    if (!snapshot) {
      await engine.sessions.revoke(scope, user, { reason: change.reason });
    } else {
      if (change.is_revoking) {
        await engine.sessions.revoke(scope, user, {
          reason: change.reason,
          ...(change.except_session && { except: change.except_session }),
        });
      }
      await engine.sessions.refresh(scope, user, JSON.stringify(snapshot));
    }
    await trx.deleteFrom('rights_change').where('user_id', '=', userId).execute();
    log.info(
      { accountId: change.account_id, userId, reason: change.reason, isSignedOut: !snapshot || change.is_revoking },
      'rights.applied',
    );
    return true;
  });
}

/** Carries what was left behind; returns how many. */
export async function applyPendingRights(deps: RightsDeps): Promise<number> {
  const rows = await deps.db.selectFrom('rights_change').select('user_id').orderBy('changed_at').limit(500).execute();
  let applied = 0;
  for (const row of rows) if (await applyRightsChange(deps, row.user_id)) applied++;
  return applied;
}
