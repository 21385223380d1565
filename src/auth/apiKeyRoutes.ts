/** ACC-8: API keys of the account: made (shown once), listed, revoked. */
import { type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { actorOf, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { displayName, idParam, noContent, time } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { ApiKeyTable } from '../db/tables.ts';
import { newApiKey } from './apiKeys.ts';
import { accountOf } from './principal.ts';

const tag = 'API keys';
const keyType = z.enum(['rest', 'chatbot']).describe('rest: acts as an administrator of the data; chatbot: reaches the chatbot API only');
const keyView = z.object({
  id: z.string(),
  name: displayName,
  type: keyType,
  prefix: z.string().describe('How the key begins'),
  createdAt: time,
  lastUsedAt: time.optional().describe('To the minute'),
  revokedAt: time.optional(),
});

export function apiKeyRoutes({ db }: AccessDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/keys',
      summary: 'API keys, newest first',
      tag,
      action: 'keys.manage',
      query: pageQuery,
      answers: { 200: pageAnswer(keyView) },
      handler: async (request) => {
        const { limit, cursor } = request.query;
        let query = db.selectFrom('api_key').selectAll().where('account_id', '=', accountOf(request.principal));
        const after = readCursor(cursor, 1)?.[0];
        if (after !== undefined) query = query.where('id', '<', after);
        const rows = await query
          .orderBy('id', 'desc')
          .limit(limit + 1)
          .execute();
        return { status: 200, body: toPage(rows, limit, (row) => [row.id], toKeyView) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/keys',
      summary: 'Make an API key; it is shown this once',
      tag,
      action: 'keys.manage',
      isIdempotent: true,
      body: z.strictObject({ name: displayName, type: keyType }),
      answers: { 201: keyView.extend({ key: z.string() }) },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const actor = actorOf(request);
        const { name, type } = request.body;
        const { text, prefix, hash } = newApiKey();
        const id = newId('apiKey');
        const row = await db.transaction().execute(async (trx) => {
          const row = await trx
            .insertInto('api_key')
            .values({ id, account_id: accountId, name, type, prefix, secret_hash: hash, created_by: actor.id })
            .returningAll()
            .executeTakeFirstOrThrow();
          await writeAudit(trx, { accountId, actor, action: 'key.created', target: { kind: 'key', id }, detail: { name, type, prefix } });
          return row;
        });
        return { status: 201, body: { ...toKeyView(row), key: text } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/keys/:id',
      summary: 'Revoke an API key; it stays in the list',
      tag,
      action: 'keys.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await db.transaction().execute(async (trx) => {
          const revoked = await trx
            .updateTable('api_key')
            .set({ revoked_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .where('revoked_at', 'is', null)
            .executeTakeFirst();
          if (revoked.numUpdatedRows !== 1n) throw new AppError('not_found');
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'key.revoked', target: { kind: 'key', id } });
        });
        return { status: 204 };
      },
    }),
  ];
}

function toKeyView(row: Selectable<ApiKeyTable>): z.infer<typeof keyView> {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    prefix: `ck_${row.prefix}_`,
    createdAt: row.created_at.getTime(),
    ...(row.last_used_at && { lastUsedAt: row.last_used_at.getTime() }),
    ...(row.revoked_at && { revokedAt: row.revoked_at.getTime() }),
  };
}
