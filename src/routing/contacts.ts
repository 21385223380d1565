/**
 * Whose interaction one by API is. Contact ids are derived, so nothing has to be stored first and nobody's reference reaches another account:
 * a reference of the caller's own names one contact of the account; without any the key does, so that a repeated call names the same.
 */
import { createHmac } from 'node:crypto';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { Principal } from '../auth/can.ts';
import { contactIdOf } from '../auth/visitorToken.ts';
import type { ContactId } from '../base/ids.ts';
import { isId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';

/** Undefined: a contact id that the account does not know. @throws AppError unavailable */
export async function contactOf(
  { engine, db }: { readonly engine: Pick<Engine, 'views'>; readonly db: Db },
  scope: Scope,
  principal: Principal,
  { key, contact }: { readonly key: string; readonly contact: { readonly id?: string | undefined } },
): Promise<ContactId | undefined> {
  const { id } = contact;
  if (id === undefined) return derived(scope, `key ${callerOf(principal)} ${key}`);
  if (!id.startsWith('con_')) return derived(scope, `reference ${id}`);
  if (!isId('contact', id)) return undefined;
  if ((await engine.views.ofContact(scope, id)).length > 0) return id;
  return (await isStored(db, scope, id)) ? id : undefined;
}

/** Different from what visitors' tokens name, which begin otherwise. */
function derived({ accountId }: Scope, name: string): ContactId {
  return contactIdOf(createHmac('sha256', accountId).update(`api ${name}`).digest());
}

/** What a key names within the account: one key sent by two callers is two keys, also for one contact. 26 characters. */
export function callersKey({ accountId }: Scope, principal: Principal, key: string): string {
  return contactIdOf(
    createHmac('sha256', accountId)
      .update(`intent ${callerOf(principal)} ${key}`)
      .digest(),
  ).slice(4);
}

function callerOf(principal: Principal): string {
  return principal.kind === 'user' ? principal.userId : principal.kind === 'key' ? principal.keyId : '';
}

async function isStored(db: Db, { accountId }: Scope, contactId: string): Promise<boolean> {
  const row = await db
    .selectFrom('contact')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', '=', contactId)
    .executeTakeFirst();
  return row !== undefined;
}
