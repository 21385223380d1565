/**
 * Trunks: ways to and from the telephone network. A secret is sealed when it comes in and never answered; that of a trunk which registers here is made
 * here and shown once, as a phone's is.
 */
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { lowerName } from '../accounts/users.ts';
import { etag, idParam, noContent, requireVersion, seenVersion, seenVersionOf } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { seal, sealPurpose } from '../base/seal.ts';
import { isDuplicate } from '../db/database.ts';
import type { Tables, TrunkTable } from '../db/tables.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { type Credentials, credentialsView, newCredentials, newUsername, sealedTrunkHa1 } from './credentials.ts';
import {
  changedTrunk,
  checkTrunk,
  toTrunkView,
  trunkBody,
  trunkChange,
  trunkColumns,
  trunkSettings,
  trunkView,
  withTrunkDefaults,
} from './trunkFields.ts';

const tag = 'Phones';
const TRUNKS_PER_ACCOUNT = 200;
const withCredentials = z.object({
  trunk: trunkView,
  credentials: credentialsView.optional().describe('Of one that registers here; shown once'),
});

export function trunkRoutes(deps: AccessDeps): Route[] {
  const { db, secretKey } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/trunks',
      summary: 'Trunks, by name',
      tag,
      action: 'phones.manage',
      query: pageQuery,
      answers: { 200: pageAnswer(trunkView) },
      handler: async (request) => {
        const { limit, cursor } = request.query;
        let query = db
          .selectFrom('trunk')
          .selectAll()
          .select(lowerName.as('sort_name'))
          .where('account_id', '=', accountOf(request.principal));
        const after = readCursor(cursor, 2);
        if (after) query = query.where(sql<boolean>`(lower(name), id) > (${after[0]}, ${after[1]})`);
        const rows = await query
          .orderBy(lowerName)
          .orderBy('id')
          .limit(limit + 1)
          .execute();
        return { status: 200, body: toPage(rows, limit, (row) => [row.sort_name, row.id], toTrunkView) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/trunks',
      summary: 'Make a trunk',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      body: trunkBody,
      answers: { 201: withCredentials },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { password, ...given } = request.body;
        const trunk = withTrunkDefaults(given);
        if (trunk.type === 'registers' && trunk.username === '') trunk.username = newUsername(trunk.name);
        checkTrunk(trunk, password !== undefined);
        const id = newId('trunk');
        const credentials = trunk.type === 'registers' ? newCredentials(trunk.username, password) : undefined;
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          await requireRoom(trx, accountId);
          if (credentials) await requireFreeUsername(trx, credentials.username);
          const sealed_secret = sealedSecret(secretKey, id, credentials, password);
          const row = await trx
            .insertInto('trunk')
            .values({ id, account_id: accountId, ...trunkColumns(trunk), sealed_secret })
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('trunk', id);
          const target = { kind: 'trunk', id };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'trunk.created', target, detail: trunk });
          return row;
        }).catch(refuseSameUsername);
        const headers = { ...etag(row.version), location: `/api/v1/trunks/${id}` };
        return { status: 201, headers, body: { trunk: toTrunkView(row), ...(credentials && { credentials }) } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/trunks/:id',
      summary: 'One trunk',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 200: trunkView },
      handler: async (request) => {
        const row = await readTrunk(db, accountOf(request.principal), request.params.id);
        return { status: 200, headers: etag(row.version), body: toTrunkView(row) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/trunks/:id',
      summary: 'Change a trunk; without a password the one that stands stays',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: trunkChange,
      answers: { 200: trunkView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { version: _, password, ...change } = request.body;
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readTrunk(trx, accountId, id);
          requireVersion(before.version, seen);
          const trunk = changedTrunk(trunkSettings(before), change);
          if (before.type === 'registers' && (trunk.username !== before.username || password !== undefined))
            throw new AppError('wrong_state', { detail: 'What it registers with is made here: ask for a new password instead.' });
          checkTrunk(trunk, password !== undefined || before.sealed_secret !== '');
          const secret = password === undefined ? {} : { sealed_secret: sealedSecret(secretKey, id, undefined, password) };
          const row = await trx
            .updateTable('trunk')
            .set({ ...trunkColumns(trunk), ...secret, version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('trunk', id);
          const detail = { ...differences(trunkSettings(before), trunk), ...(password !== undefined && { password: 'changed' }) };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'trunk.changed', target: { kind: 'trunk', id }, detail });
          return row;
        });
        return { status: 200, headers: etag(row.version), body: toTrunkView(row) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/trunks/:id/password',
      summary: 'Replace the password of a trunk that registers here',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      params: idParam,
      body: z.strictObject({ version: seenVersion }),
      answers: { 200: withCredentials },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { row, credentials } = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readTrunk(trx, accountId, id);
          requireVersion(before.version, seen);
          if (before.type !== 'registers')
            throw new AppError('wrong_state', { detail: 'Only a trunk that registers here has one made here.' });
          const credentials = newCredentials(before.username);
          const row = await trx
            .updateTable('trunk')
            .set({ sealed_secret: sealedTrunkHa1(secretKey, id, credentials), version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('trunk', id);
          const detail = { password: 'changed' };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'trunk.changed', target: { kind: 'trunk', id }, detail });
          return { row, credentials };
        });
        return { status: 200, headers: etag(row.version), body: { trunk: toTrunkView(row), credentials } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/trunks/:id',
      summary: 'Remove a trunk; calls that are on go on',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const { name } = await readTrunk(trx, accountId, id);
          await trx.deleteFrom('trunk').where('id', '=', id).where('account_id', '=', accountId).execute();
          changes.touch('trunk', id);
          const target = { kind: 'trunk', id };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'trunk.deleted', target, detail: { name } });
        });
        return { status: 204 };
      },
    }),
  ];
}

function sealedSecret(secretKey: string, id: string, credentials: Credentials | undefined, password: string | undefined): string {
  if (credentials) return sealedTrunkHa1(secretKey, id, credentials);
  return password === undefined ? '' : seal(secretKey, sealPurpose.trunkSecret(id), password);
}

/** @throws AppError not_found, also for a trunk of another account */
async function readTrunk(db: Kysely<Tables>, accountId: string, id: string): Promise<Selectable<TrunkTable>> {
  const row = await db.selectFrom('trunk').selectAll().where('id', '=', id).where('account_id', '=', accountId).executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}

async function requireRoom(db: Kysely<Tables>, accountId: string): Promise<void> {
  const { count } = await db
    .selectFrom('trunk')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  if (count >= TRUNKS_PER_ACCOUNT) throw new AppError('wrong_state', { detail: `At most ${TRUNKS_PER_ACCOUNT} trunks.` });
}

/** Phones and trunks register with one set of names. Phones' end in chance, so that only a trunk's can meet one. @throws AppError conflict */
async function requireFreeUsername(db: Kysely<Tables>, username: string): Promise<void> {
  const phone = await db.selectFrom('phone').select('id').where('username', '=', username).executeTakeFirst();
  if (phone) throw new AppError('conflict', { detail: 'This user name is taken.' });
}

function refuseSameUsername(error: unknown): never {
  if (isDuplicate(error, 'trunk_username')) throw new AppError('conflict', { detail: 'This user name is taken.', cause: error });
  throw error;
}
