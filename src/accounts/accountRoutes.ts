/** ACC-1: the account's profile, its status, and the origins whose pages may use it. */
import type { Selectable, Transaction } from 'kysely';
import { z } from 'zod';
import { seenVersion, time, version } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import type { AccountTable, Tables } from '../db/tables.ts';
import { configuredAccount, updateAccount } from '../routing/configuredAccount.ts';
import type { AccessDeps } from './deps.ts';

const tag = 'Account';
const line = z.string().trim().max(200);
const origin = z
  .string()
  .max(200)
  .regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?$/, 'scheme, host and port only, e.g. https://www.example.com')
  .transform((text) => text.toLowerCase());

const profile = z.strictObject({
  legalName: line.min(1),
  country: line,
  city: line,
  address: line,
  postcode: line,
  vatNumber: line,
  email: z.union([z.literal(''), z.email().max(200)]),
  legalRepresentative: line,
  status: z.enum(['active', 'inactive']).describe('Inactive: nothing of it serves; its administrators can still sign in'),
  origins: z.array(origin).max(100).describe('Web origins whose pages may use the API and the widget; empty: any page may show the widget'),
  canSignInAnywhere: z.boolean().describe('ACC-5: users may sign in to queues they are not assigned to'),
});
const accountView = profile.extend({
  id: z.string(),
  publicId: z.string(),
  features: z.record(z.string(), z.boolean()),
  version,
  createdAt: time,
});

export function accountRoutes(deps: AccessDeps): Route[] {
  const account = configuredAccount(deps, toView, toProfile);
  return [
    route({
      method: 'GET',
      path: '/api/v1/account',
      summary: 'The account',
      tag,
      action: 'account.read',
      answers: { 200: accountView },
      handler: (request) => account.show(request),
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/account',
      summary: 'Change the profile, the status, the origins or the permission of ACC-5',
      tag,
      action: 'account.manage',
      body: profile.partial().extend({ version: seenVersion }),
      answers: { 200: accountView },
      handler: (request) =>
        account.change(request, async ({ trx, changes, accountId }, before) => {
          const { version: _, ...change } = request.body;
          // Temporary sign-ins outlive the permission, so it is remembered that there may be some.
          const has_visits = change.canSignInAnywhere === true ? true : undefined;
          await updateAccount(trx, accountId, { ...toColumns(change), has_visits });
          if (has_visits && !before.has_visits)
            for (const userId of await usersWithoutQueue(trx, accountId)) changes.touch('agent', userId);
          const status = change.status ?? before.status;
          // Members of an inactive account are signed out; administrators stay, to switch it on.
          if (status !== before.status)
            for (const userId of await activeMembers(trx, accountId)) changes.rights(userId, { reason: `account.${status}` });
        }),
    }),
  ];
}

type Profile = z.infer<typeof profile>;

function toProfile(row: Selectable<AccountTable>): Profile {
  return {
    legalName: row.legal_name,
    country: row.country,
    city: row.city,
    address: row.address,
    postcode: row.postcode,
    vatNumber: row.vat_number,
    email: row.email,
    legalRepresentative: row.legal_representative,
    status: row.status,
    origins: row.origins,
    canSignInAnywhere: row.can_sign_in_anywhere,
  };
}

function toView(row: Selectable<AccountTable>): z.infer<typeof accountView> {
  return {
    ...toProfile(row),
    id: row.id,
    publicId: row.public_id,
    features: row.features,
    version: row.version,
    createdAt: row.created_at.getTime(),
  };
}

type Given<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | undefined };

/** Kysely leaves out what is undefined. */
function toColumns(change: Given<Profile>) {
  return {
    legal_name: change.legalName,
    country: change.country,
    city: change.city,
    address: change.address,
    postcode: change.postcode,
    vat_number: change.vatNumber,
    email: change.email,
    legal_representative: change.legalRepresentative,
    status: change.status,
    origins: change.origins,
    can_sign_in_anywhere: change.canSignInAnywhere,
  };
}

async function activeMembers(trx: Transaction<Tables>, accountId: string): Promise<string[]> {
  const rows = await trx
    .selectFrom('app_user')
    .select('id')
    .where('account_id', '=', accountId)
    .where('role', '=', 'member')
    .where('status', '=', 'active')
    .execute();
  return rows.map((row) => row.id);
}

/** Those whom routing does not know yet. */
async function usersWithoutQueue(trx: Transaction<Tables>, accountId: string): Promise<string[]> {
  const rows = await trx
    .selectFrom('app_user')
    .select('id')
    .where('account_id', '=', accountId)
    .where('status', '!=', 'deleted')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('queue_member').select('queue_id').whereRef('user_id', '=', 'app_user.id').where('queue_member.role', '=', 'agent'),
        ),
      ),
    )
    .execute();
  return rows.map((row) => row.id);
}
