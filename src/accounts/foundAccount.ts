/** How an account comes to be: its row on the least used partition, and an invitation for its first super-admin (ACC-4). */
import { randomBytes } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { createInvitation, type NewInvitation } from '../auth/invitations.ts';
import { type AccountId, newId, type UserId } from '../base/ids.ts';
import type { Tables } from '../db/tables.ts';
import { placeAndPublish, writeConfigEntry } from '../routing/configEntries.ts';
import { insertDefaultReasons } from '../routing/pauseReasons.ts';
import { systemActor, writeAudit } from './audit.ts';
import type { AccessDeps } from './deps.ts';

export interface Founded {
  readonly accountId: AccountId;
  readonly userId: UserId;
  /** For the super-admin to choose a password with. */
  readonly invitation: NewInvitation;
}

export async function foundAccount(
  deps: Pick<AccessDeps, 'db' | 'engine' | 'log'>,
  founding: { legalName: string; email: string; name: string },
): Promise<Founded> {
  const { founded, partition, entry } = await deps.db.transaction().execute(async (trx) => {
    const { accountId, partition } = await insertAccount(trx, founding.legalName);
    const userId = newId('user');
    await trx
      .insertInto('app_user')
      .values({ id: userId, account_id: accountId, email: founding.email.toLowerCase(), name: founding.name, role: 'super_admin' })
      .execute();
    const invitation = await createInvitation(trx, { accountId, userId, createdBy: 'system' });
    const entry = await writeConfigEntry(trx, accountId, 'account', accountId);
    return { founded: { accountId, userId, invitation }, partition, entry };
  });
  await placeAndPublish(deps, { accountId: founded.accountId, partition }, [entry]);
  return founded;
}

/** The bare account. Two at once may choose one partition, which is harmless. */
export async function insertAccount(trx: Transaction<Tables>, legalName: string): Promise<{ accountId: AccountId; partition: number }> {
  const accountId = newId('account');
  const { rows } = await sql<{ partition: number }>`
    select p as partition from generate_series(0, 63) p left join account on account.partition = p group by p order by count(account.id), random() limit 1`.execute(
    trx,
  );
  const partition = rows[0]?.partition ?? 0;
  await trx
    .insertInto('account')
    .values({ id: accountId, public_id: randomBytes(8).toString('hex'), partition, legal_name: legalName })
    .execute();
  await insertDefaultReasons(trx, accountId);
  await writeAudit(trx, {
    accountId,
    actor: systemActor,
    action: 'account.created',
    target: { kind: 'account', id: accountId },
    detail: { legalName },
  });
  return { accountId, partition };
}
