/**
 * Invitation links (ACC-2): a person chooses the own password at first access; the same link serves a forgotten password. The link carries a random
 * token, stored hashed, good for a week and one use; a newer one voids the older.
 */
import { sql, type Transaction } from 'kysely';
import { userActor, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { AppError } from '../base/errors.ts';
import { type AccountId, newId, type UserId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import type { Tables } from '../db/tables.ts';
import { touchPhonesOf } from '../phones/phones.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { hashPassword } from './password.ts';
import { hashToken, randomToken } from './secrets.ts';
import { type Origin, openSession, type SignedIn } from './signIn.ts';

const INVITATION_TTL_MS = 7 * 24 * 3_600_000;
const TOKEN_PREFIX = 'ci_';

export interface NewInvitation {
  readonly token: string;
  readonly expiresAt: Date;
}

/** Makes the link's token; shown once. Earlier ones of the user are void. */
export async function createInvitation(
  trx: Transaction<Tables>,
  { accountId, userId, createdBy }: { accountId: string; userId: string; createdBy: string },
): Promise<NewInvitation> {
  const token = TOKEN_PREFIX + randomToken();
  const expiresAt = new Date(Date.now() + INVITATION_TTL_MS);
  await trx.deleteFrom('invitation').where('user_id', '=', userId).where('used_at', 'is', null).execute();
  await trx
    .insertInto('invitation')
    .values({
      id: newId('invitation'),
      account_id: accountId,
      user_id: userId,
      token_hash: hashToken(token),
      created_by: createdBy,
      expires_at: expiresAt,
    })
    .execute();
  return { token, expiresAt };
}

/** The desk's page for a token. Behind `#`, so that it stands in no server's log. */
export function invitationPath(token: string): string {
  return `/desk/#/invitation/${token}`;
}

export interface OpenInvitation {
  readonly id: string;
  readonly accountId: AccountId;
  readonly partition: number;
  readonly accountName: string;
  readonly userId: UserId;
  readonly email: string;
  readonly name: string;
  readonly isTotpEnabled: boolean;
}

/** @throws AppError gone when it was used, replaced or is too old, or the person may not come in any more */
export async function readInvitation(db: Db, token: string): Promise<OpenInvitation> {
  const row = await db
    .selectFrom('invitation')
    .innerJoin('app_user', 'app_user.id', 'invitation.user_id')
    .innerJoin('account', 'account.id', 'invitation.account_id')
    .select([
      'invitation.id',
      'invitation.account_id',
      'invitation.user_id',
      'account.legal_name',
      'account.partition',
      'app_user.email',
      'app_user.name',
      'app_user.is_totp_enabled',
    ])
    .where('token_hash', '=', hashToken(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .where('app_user.status', 'in', ['invited', 'active'])
    .executeTakeFirst();
  if (!row?.email) throw new AppError('gone', { detail: 'This invitation was used or is too old. Ask for a new one.' });
  return {
    id: row.id,
    accountId: row.account_id as AccountId,
    partition: row.partition,
    accountName: row.legal_name,
    userId: row.user_id as UserId,
    email: row.email,
    name: row.name,
    isTotpEnabled: row.is_totp_enabled,
  };
}

/** Sets the password and signs in; all earlier sessions of the person end. @throws AppError gone, account_inactive */
export async function acceptInvitation(
  deps: AccessDeps,
  { token, password }: { token: string; password: string },
  origin: Origin,
): Promise<SignedIn> {
  const invitation = await readInvitation(deps.db, token);
  const { accountId, userId } = invitation;
  const passwordHash = await hashPassword(password);
  await changeConfig(deps, accountId, async (trx, changes) => {
    const used = await trx
      .updateTable('invitation')
      .set({ used_at: sql`now()` })
      .where('id', '=', invitation.id)
      .where('used_at', 'is', null)
      .executeTakeFirst();
    const entered = await trx
      .updateTable('app_user')
      .set({ password_hash: passwordHash, status: 'active', updated_at: sql`now()`, version: sql`version + 1` })
      .where('id', '=', userId)
      .where('status', 'in', ['invited', 'active'])
      .executeTakeFirst();
    if (used.numUpdatedRows !== 1n || entered.numUpdatedRows !== 1n) throw new AppError('gone');
    changes.touch('agent', userId);
    await touchPhonesOf(trx, changes, accountId, userId);
    changes.rights(userId, { reason: 'password.changed', isRevoking: true });
    await writeAudit(trx, {
      accountId,
      actor: userActor(userId, invitation.name, origin),
      action: 'invitation.accepted',
      target: { kind: 'user', id: userId },
    });
  });
  const stage = invitation.isTotpEnabled ? 'second_factor' : 'full';
  return openSession(deps, { accountId, partition: invitation.partition }, userId, { origin, stage });
}
