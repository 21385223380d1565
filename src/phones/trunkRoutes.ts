/**
 * Trunks: ways to and from the telephone network. A secret is sealed when it comes in and never answered; that of a trunk which registers here is made
 * here and shown once, as a phone's is.
 */
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { idParam, noContent, seenVersion } from '../api/fields.ts';
import { pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { readablePassword } from '../auth/password.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { type AccountId, newId } from '../base/ids.ts';
import { seal, sealPurpose } from '../base/seal.ts';
import { pageByName, readOwn, removeOwn, requireRoom, updateOwn } from '../db/ownRows.ts';
import type { Tables } from '../db/tables.ts';
import { configured } from '../routing/configured.ts';
import {
  type Credentials,
  credentialsView,
  newCredentials,
  newUsername,
  type PhonesDeps,
  sealedTrunkHa1,
  sipServer,
} from './credentials.ts';
import {
  changedTrunk,
  checkTrunk,
  type TrunkRow,
  toTrunkView,
  trunkBody,
  trunkChange,
  trunkColumns,
  trunkSettings,
  trunkView,
  withTrunkDefaults,
} from './trunkFields.ts';
import { registrationOf } from './trunkRegistration.ts';

const tag = 'Phones';
const path = '/api/v1/trunks';
const TRUNKS_PER_ACCOUNT = 200;
const USERNAME_TAKEN = 'This user name is taken.';
const withCredentials = z.object({
  trunk: trunkView,
  credentials: credentialsView.optional().describe('Of one that registers here; shown once'),
});

export function trunkRoutes(deps: PhonesDeps): Route[] {
  const { db, engine, secretKey } = deps;
  const view = async (row: TrunkRow, accountId: AccountId) => toTrunkView(row, await registrationOf(engine, accountId, row));
  const trunks = configured(deps, {
    kind: 'trunk',
    path,
    read: (db, accountId, id) => readOwn(db, 'trunk', accountId, id),
    view,
    settings: (row) => ({ ...trunkSettings(row) }),
    copies: ({ id }) => [['trunk', id]],
    duplicates: { trunk_username: USERNAME_TAKEN },
  });
  return [
    route({
      method: 'GET',
      path,
      summary: 'Trunks, by name',
      tag,
      action: 'phones.manage',
      query: pageQuery,
      answers: { 200: pageAnswer(trunkView) },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const page = await pageByName(db.selectFrom('trunk').selectAll().where('account_id', '=', accountId), 'trunk', request.query);
        return { status: 200, body: { ...page, items: await Promise.all(page.items.map((row) => view(row, accountId))) } };
      },
    }),
    route({
      method: 'POST',
      path,
      summary: 'Make a trunk',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      body: trunkBody,
      answers: { 201: withCredentials },
      handler: async (request) => {
        const { password, ...given } = request.body;
        const trunk = withTrunkDefaults(given);
        if (trunk.type === 'registers' && trunk.username === '') trunk.username = newUsername(trunk.name);
        checkTrunk(trunk, password !== undefined);
        const credentials = trunk.type === 'registers' ? newCredentials(trunk.username, password) : undefined;
        const made = await trunks.create(request, newId('trunk'), async ({ trx, accountId, id }) => {
          await requireRoom(trx, 'trunk', accountId, TRUNKS_PER_ACCOUNT, 'trunks');
          if (credentials) await requireFreeUsername(trx, credentials.username);
          const sealed_secret = sealedSecret(secretKey, id, credentials, password);
          const row = { id, account_id: accountId, ...trunkColumns(trunk), sealed_secret };
          await trx.insertInto('trunk').values(row).execute();
          return { ...trunk };
        });
        return {
          ...made,
          body: { trunk: made.body, ...(credentials && { credentials: { ...credentials, server: sipServer(deps, request) } }) },
        };
      },
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One trunk',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 200: trunkView },
      handler: (request) => trunks.show(request),
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Change a trunk; without a password the one that stands stays',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: trunkChange,
      answers: { 200: trunkView },
      handler: (request) =>
        trunks.change(request, async ({ trx, accountId, id }, before) => {
          const { version: _, password, ...change } = request.body;
          const trunk = changedTrunk(trunkSettings(before), change);
          if (before.type === 'registers' && (trunk.username !== before.username || password !== undefined))
            throw new AppError('wrong_state', { detail: 'What it registers with is made here: ask for a new password instead.' });
          checkTrunk(trunk, password !== undefined || before.sealed_secret !== '');
          const sealed_secret = password === undefined ? undefined : sealedSecret(secretKey, id, undefined, password);
          await updateOwn(trx, 'trunk', accountId, id, { ...trunkColumns(trunk), sealed_secret });
          return password === undefined ? {} : { password: 'changed' };
        }),
    }),
    route({
      method: 'POST',
      path: `${path}/:id/password`,
      summary: 'Replace the password of a trunk that registers here',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      params: idParam,
      body: z.strictObject({ version: seenVersion }),
      answers: { 200: withCredentials },
      handler: async (request) => {
        const password = readablePassword();
        const changed = await trunks.change(request, async ({ trx, accountId, id }, { type, username }) => {
          if (type !== 'registers') throw new AppError('wrong_state', { detail: 'Only a trunk that registers here has one made here.' });
          const sealed_secret = sealedTrunkHa1(secretKey, id, newCredentials(username, password));
          await updateOwn(trx, 'trunk', accountId, id, { sealed_secret });
          return { password: 'changed' };
        });
        return {
          ...changed,
          body: {
            trunk: changed.body,
            credentials: { ...newCredentials(changed.body.username, password), server: sipServer(deps, request) },
          },
        };
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Remove a trunk; calls that are on go on',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: (request) =>
        trunks.remove(request, async ({ trx, accountId, id }, { name }) => {
          await removeOwn(trx, 'trunk', accountId, id);
          return { name };
        }),
    }),
  ];
}

function sealedSecret(secretKey: string, id: string, credentials: Credentials | undefined, password: string | undefined): string {
  if (credentials) return sealedTrunkHa1(secretKey, id, credentials);
  return password === undefined ? '' : seal(secretKey, sealPurpose.trunkSecret(id), password);
}

/** Phones and trunks register with one set of names. Phones' end in chance, so that only a trunk's can meet one. @throws AppError conflict */
async function requireFreeUsername(db: Kysely<Tables>, username: string): Promise<void> {
  const phone = await db.selectFrom('phone').select('id').where('username', '=', username).executeTakeFirst();
  if (phone) throw new AppError('conflict', { detail: USERNAME_TAKEN });
}
