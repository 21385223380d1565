/** Phones of agents as the API shows them, and the statements about them. Each is bound to an account. */
import type { Kysely, Transaction } from 'kysely';
import { z } from 'zod';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { Binding, PhoneDoc } from '../../queues/phones.ts';
import { displayName, seenVersion, time, version } from '../api/fields.ts';
import { AppError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';
import type { Changes } from '../routing/changeConfig.ts';
import { dialled } from './numberFields.ts';

const PHONES_PER_AGENT = 10;

const extension = z.string().regex(/^[1-9][0-9]{1,7}$/, 'two to eight digits, not beginning with 0');

export const phoneBody = z.strictObject({
  userId: z.string().max(40).describe('Whose phone it is'),
  name: displayName,
  type: z.enum(['sip', 'external']).default('sip').describe('sip: registers here; external: an outside number, called through a trunk'),
  number: dialled.optional().describe('Type external: the number to call'),
  extension: extension.optional().describe('Type sip: what colleagues dial; absent: the next free one'),
});
export const phoneChange = z.strictObject({
  name: displayName.optional(),
  number: dialled.optional(),
  extension: extension.or(z.literal('')).optional().describe('Empty: colleagues cannot dial it'),
  isActive: z.boolean().optional().describe('Inactive: cannot register, and no call reaches it'),
  version: seenVersion,
});

export const phoneView = z.object({
  id: z.string(),
  userId: z.string(),
  userName: z.string(),
  name: z.string(),
  type: z.enum(['sip', 'external']),
  username: z.string().describe('Empty for external numbers'),
  number: z.string(),
  extension: z.string().describe('Short number that colleagues dial; empty where there is none'),
  isActive: z.boolean(),
  isLive: z.boolean().describe('RTE-4: registered now'),
  registrations: z.array(z.object({ userAgent: z.string(), expiresAt: time })).describe('Where it is registered now'),
  version,
  createdAt: time,
});
export type PhoneView = z.infer<typeof phoneView>;

export function selectPhones(db: Kysely<Tables>, accountId: string) {
  return db
    .selectFrom('phone')
    .innerJoin('app_user', 'app_user.id', 'phone.user_id')
    .selectAll('phone')
    .select('app_user.name as user_name')
    .where('phone.account_id', '=', accountId);
}
export type PhoneRow = Awaited<ReturnType<typeof readPhone>>;

/** @throws AppError not_found, also for a phone of another account */
export async function readPhone(db: Kysely<Tables>, accountId: string, id: string) {
  const row = await selectPhones(db, accountId).where('phone.id', '=', id).executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}

/** With where it is registered now. @throws AppError unavailable */
export async function toPhoneView(engine: Pick<Engine, 'phones'>, scope: Scope, row: PhoneRow): Promise<PhoneView> {
  const bindings: readonly Binding[] = row.type === 'sip' ? await engine.phones.bindings(scope, row.id) : [];
  return {
    id: row.id,
    userId: row.user_id,
    userName: row.user_name,
    name: row.name,
    type: row.type,
    username: row.username ?? '',
    number: row.number,
    extension: row.extension ?? '',
    isActive: row.is_active,
    isLive: bindings.length > 0,
    registrations: bindings.map(({ userAgent, expiresAt }) => ({ userAgent, expiresAt })),
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}

/** @throws AppError wrong_state when the person has too many */
export async function requirePhoneRoom(trx: Kysely<Tables>, accountId: string, userId: string): Promise<void> {
  const { count } = await trx
    .selectFrom('phone')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  if (count >= PHONES_PER_AGENT) throw new AppError('wrong_state', { detail: `A person has at most ${PHONES_PER_AGENT} phones.` });
}

/** @throws AppError invalid */
export function requireFittingNumber(type: PhoneDoc['type'], number: string | undefined, extension?: string): void {
  if (type === 'external' && extension)
    throw new AppError('invalid', { fields: [{ path: 'extension', message: 'only a SIP phone has one' }] });
  if (type === 'external' && !number) throw new AppError('invalid', { fields: [{ path: 'number', message: 'the number to call' }] });
  if (type === 'sip' && number) throw new AppError('invalid', { fields: [{ path: 'number', message: 'only an external phone has one' }] });
}

/** What a phone is to others changed with its person: their copies are made anew. */
export async function touchPhonesOf(trx: Transaction<Tables>, changes: Changes, accountId: string, userId: string): Promise<void> {
  const rows = await trx.selectFrom('phone').select('id').where('account_id', '=', accountId).where('user_id', '=', userId).execute();
  for (const { id } of rows) changes.touch('phone', id);
}

/** The person is deleted: nothing of theirs registers any more. */
export async function deletePhonesOf(trx: Transaction<Tables>, changes: Changes, accountId: string, userId: string): Promise<void> {
  const rows = await trx.deleteFrom('phone').where('account_id', '=', accountId).where('user_id', '=', userId).returning('id').execute();
  for (const { id } of rows) changes.touch('phone', id);
}
