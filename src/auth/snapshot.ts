/**
 * The rights of a user as one small document, kept in each of the user's sessions so that requests and sockets are served without
 * PostgreSQL. Rebuilt by `rights.ts` whenever they change.
 */
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { AccountId, UserId } from '../base/ids.ts';
import type { Tables } from '../db/tables.ts';
import type { UserPrincipal } from './can.ts';

const snapshotSchema = z.object({
  accountId: z.string(),
  userId: z.string(),
  name: z.string(),
  role: z.enum(['super_admin', 'admin', 'member']),
  supervises: z.array(z.string()),
  serves: z.array(z.string()),
});
export type Snapshot = Omit<UserPrincipal, 'kind' | 'sessionId'>;

/** Undefined: the user may not be signed in (not active, or a member of an account that is switched off, ACC-1). */
export async function buildSnapshot(db: Kysely<Tables>, userId: UserId): Promise<Snapshot | undefined> {
  const user = await db
    .selectFrom('app_user')
    .innerJoin('account', 'account.id', 'app_user.account_id')
    .select(['app_user.account_id', 'app_user.name', 'app_user.role', 'app_user.status', 'account.status as account_status'])
    .where('app_user.id', '=', userId)
    .executeTakeFirst();
  if (user?.status !== 'active') return undefined;
  if (user.account_status !== 'active' && user.role === 'member') return undefined;
  const members = await db
    .selectFrom('queue_member')
    .select(['queue_id', 'role'])
    .where('user_id', '=', userId)
    .orderBy('queue_id')
    .execute();
  const queuesWith = (role: 'agent' | 'supervisor'): string[] =>
    members.filter((member) => member.role === role).map((member) => member.queue_id);
  return {
    accountId: user.account_id as AccountId,
    userId,
    name: user.name,
    role: user.role,
    supervises: queuesWith('supervisor'),
    serves: queuesWith('agent'),
  };
}

/** The principal of a session with this snapshot. @throws when it is not one of ours */
export function principalOf(snapshot: string, sessionId: string): UserPrincipal {
  const fields = snapshotSchema.parse(JSON.parse(snapshot));
  return { ...fields, kind: 'user', accountId: fields.accountId as AccountId, userId: fields.userId as UserId, sessionId };
}
