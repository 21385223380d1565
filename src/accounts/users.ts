/** Users as the API shows them, and the statements that the routes share. Every statement is bound to an account. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { displayName, time, version } from '../api/fields.ts';
import { AppError } from '../base/errors.ts';
import type { AppUserTable, Tables } from '../db/tables.ts';

export const accountRole = z.enum(['super_admin', 'admin', 'member']);
export const queueRole = z.enum(['agent', 'supervisor']);
export const capacity = z.number().int().min(0).max(100).describe('Conversations at once');

export const userView = z.object({
  id: z.string(),
  name: displayName,
  email: z.string(),
  role: accountRole,
  status: z.enum(['invited', 'active', 'inactive']),
  capacity,
  isTotpEnabled: z.boolean(),
  queues: z.array(z.object({ id: z.string(), role: queueRole })),
  version,
  createdAt: time,
});
export type UserView = z.infer<typeof userView>;

type UserRow = Selectable<AppUserTable>;

/** @throws AppError not_found, also for a user of another account */
export async function readUser(db: Kysely<Tables>, accountId: string, id: string): Promise<UserRow> {
  const row = await db
    .selectFrom('app_user')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('status', '!=', 'deleted')
    .executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}

/** The users with their queues, in the order given. */
export async function toUserViews(db: Kysely<Tables>, rows: readonly UserRow[]): Promise<UserView[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const members = await db
    .selectFrom('queue_member')
    .select(['user_id', 'queue_id', 'role'])
    .where('user_id', 'in', ids)
    .orderBy('queue_id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email ?? '',
    role: row.role,
    status: row.status === 'deleted' ? 'inactive' : row.status,
    capacity: row.capacity,
    isTotpEnabled: row.is_totp_enabled,
    queues: members.filter((member) => member.user_id === row.id).map((member) => ({ id: member.queue_id, role: member.role })),
    version: row.version,
    createdAt: row.created_at.getTime(),
  }));
}

export async function toUserView(db: Kysely<Tables>, row: UserRow): Promise<UserView> {
  const [view] = await toUserViews(db, [row]);
  if (!view) throw new AppError('not_found');
  return view;
}

/** Ids of those who can still appoint anybody. */
export async function activeSuperAdmins(db: Kysely<Tables>, accountId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('app_user')
    .select('id')
    .where('account_id', '=', accountId)
    .where('role', '=', 'super_admin')
    .where('status', '=', 'active')
    .execute();
  return rows.map((row) => row.id);
}

/** A text as a pattern for `ilike` that finds it anywhere. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** Sort key of user lists. */
export const lowerName = sql<string>`lower(name)`;
