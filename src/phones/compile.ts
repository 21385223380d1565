/** From rows to the documents that the SIP application reads from Redis. Each returns null when nothing is to be read any more. */
import type { Transaction } from 'kysely';
import type { NumberDoc, PhoneDoc, TrunkDoc } from '../../queues/phones.ts';
import type { Tables } from '../db/tables.ts';

export async function compileNumber(trx: Transaction<Tables>, id: string): Promise<NumberDoc | null> {
  const row = await trx.selectFrom('number').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return null;
  const { account_id: accountId, number, label, queue_id: queueId, is_active: isActive } = row;
  return { kind: 'number', id, accountId, number, label, queueId, isActive };
}

/** The phone of somebody who may not sign in is not active. */
export async function compilePhone(trx: Transaction<Tables>, id: string): Promise<PhoneDoc | null> {
  const row = await trx
    .selectFrom('phone')
    .innerJoin('app_user', 'app_user.id', 'phone.user_id')
    .selectAll('phone')
    .select('app_user.status')
    .where('phone.id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  return {
    kind: 'phone',
    id,
    accountId: row.account_id,
    userId: row.user_id,
    name: row.name,
    type: row.type,
    username: row.username ?? '',
    sealedHa1: row.sealed_ha1,
    sealedHa1Sha256: row.sealed_ha1_sha256,
    number: row.number,
    ...(row.extension ? { extension: row.extension } : {}),
    isActive: row.is_active && row.status === 'active',
  };
}

export async function compileTrunk(trx: Transaction<Tables>, id: string): Promise<TrunkDoc | null> {
  const row = await trx.selectFrom('trunk').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return null;
  return {
    kind: 'trunk',
    id,
    accountId: row.account_id,
    name: row.name,
    type: row.type,
    sources: row.sources,
    host: row.host,
    port: row.port,
    transport: row.transport,
    username: row.username,
    ...(row.outbound_proxy ? { outboundProxy: row.outbound_proxy } : {}),
    ...(row.auth_username ? { authUsername: row.auth_username } : {}),
    sealedSecret: row.sealed_secret,
    prefixes: row.prefixes,
    callerId: row.caller_id,
    maxCalls: row.max_calls,
    maxCallsPerMinute: row.max_calls_per_minute,
    maxMinutesPerDay: row.max_minutes_per_day,
    isActive: row.is_active,
  };
}
