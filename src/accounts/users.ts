/** Users as the API shows them, and the statements that the routes share. Every statement is bound to an account. */
import type { Kysely, Selectable } from 'kysely';
import { z } from 'zod';
import { interruptions, numberTypes, skillNeed } from '../../queues/config.ts';
import { displayName, time, version } from '../api/fields.ts';
import { AppError } from '../base/errors.ts';
import type { AppUserTable, Tables } from '../db/tables.ts';

export const accountRole = z.enum(['super_admin', 'admin', 'member']);
export const queueRole = z.enum(['agent', 'supervisor']);
/** Place in the order of linear queues, lowest first. */
export const memberOrder = z.number().int().min(0).max(10_000);
/** RTE-5: what may be held at once, by medium, and which medium may come while another is served. */
export const mediaFields = {
  capacity: z.number().int().min(0).max(100).describe('Chats at once; 0: is never offered one'),
  voiceCapacity: z.number().int().min(0).max(100).describe('Calls at once; 0: is never offered one'),
  videoCapacity: z.number().int().min(0).max(100).describe('Videos at once; 0: is never offered one'),
  interrupts: z
    .array(z.enum(interruptions))
    .max(interruptions.length)
    .refine((rules) => new Set(rules).size === rules.length, 'a rule is named twice')
    .describe('voice>chat: a call may be offered while the agent holds chats. Without a rule one medium at a time'),
  outboundTypes: z
    .array(z.enum(numberTypes))
    .max(numberTypes.length)
    .nullable()
    .describe('VOX-6: kinds of numbers this person may call where the queue says nothing; null: what the account lets everybody'),
};

export const userView = z.object({
  id: z.string(),
  name: displayName,
  email: z.string(),
  role: accountRole,
  status: z.enum(['invited', 'active', 'inactive']),
  ...mediaFields,
  skills: z.array(skillNeed).describe('RTE-3: skill and level'),
  isTotpEnabled: z.boolean(),
  queues: z.array(z.object({ id: z.string(), role: queueRole, order: memberOrder.optional() })),
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
    .select(['user_id', 'queue_id', 'role', 'position'])
    .where('user_id', 'in', ids)
    .orderBy('queue_id')
    .execute();
  const skills = await db
    .selectFrom('agent_skill')
    .select(['user_id', 'skill_id', 'level'])
    .where('user_id', 'in', ids)
    .orderBy('skill_id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    email: row.email ?? '',
    role: row.role,
    status: row.status === 'deleted' ? 'inactive' : row.status,
    capacity: row.capacity,
    voiceCapacity: row.voice_capacity,
    videoCapacity: row.video_capacity,
    interrupts: row.interrupts,
    outboundTypes: row.outbound_types,
    skills: skills.filter((skill) => skill.user_id === row.id).map((skill) => ({ skill: skill.skill_id, level: skill.level })),
    isTotpEnabled: row.is_totp_enabled,
    queues: members
      .filter((member) => member.user_id === row.id)
      .map(({ queue_id: id, role, position }) => ({ id, role, ...(position === null ? {} : { order: position }) })),
    version: row.version,
    createdAt: row.created_at.getTime(),
  }));
}

export async function toUserView(db: Kysely<Tables>, row: UserRow): Promise<UserView> {
  const [view] = await toUserViews(db, [row]);
  if (!view) throw new AppError('not_found');
  return view;
}

type Given<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined };

/** Kysely leaves out what is undefined. */
export function mediaColumns(media: Given<Pick<UserView, keyof typeof mediaFields>>) {
  return {
    capacity: media.capacity,
    voice_capacity: media.voiceCapacity,
    video_capacity: media.videoCapacity,
    interrupts: media.interrupts,
    outbound_types: media.outboundTypes,
  };
}

/** What administrators change of a person, for the audit log. */
export function userSettings(row: UserRow) {
  return {
    name: row.name,
    role: row.role,
    status: row.status,
    capacity: row.capacity,
    voiceCapacity: row.voice_capacity,
    videoCapacity: row.video_capacity,
    interrupts: row.interrupts,
    outboundTypes: row.outbound_types,
  };
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
