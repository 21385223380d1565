/** Engagement groups: one widget each, with its texts and look, feeding one queue. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing, lowerName } from '../accounts/users.ts';
import { etag, idParam, noContent, requireVersion, seenVersionOf } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { publicUrlOf } from '../auth/publicUrl.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { ChatGroupTable, Tables } from '../db/tables.ts';
import { changeConfig } from './changeConfig.ts';
import { embedSnippet, groupBody, groupChange, groupView, newPublicId, toGroupColumns, toGroupView } from './groupFields.ts';
import { readQueue } from './queueRoutes.ts';
import { supervisedQueues } from './visibleQueues.ts';

const tag = 'Groups';

export function groupRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/groups',
      summary: 'Groups, by name',
      tag,
      action: 'groups.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional() }),
      answers: { 200: pageAnswer(groupView) },
      handler: async (request) => {
        const { limit, cursor, search } = request.query;
        const seen = supervisedQueues(request.principal);
        let query = db
          .selectFrom('chat_group')
          .selectAll()
          .select(lowerName.as('sort_name'))
          .where('account_id', '=', accountOf(request.principal))
          .where('deleted_at', 'is', null);
        if (seen) query = query.where('queue_id', '=', sql<string>`any(${seen}::text[])`);
        if (search) query = query.where('name', 'ilike', containing(search));
        const after = readCursor(cursor, 2);
        if (after) query = query.where(sql<boolean>`(lower(name), id) > (${after[0]}, ${after[1]})`);
        const rows = await query
          .orderBy(lowerName)
          .orderBy('id')
          .limit(limit + 1)
          .execute();
        return { status: 200, body: toPage(rows, limit, (row) => [row.sort_name, row.id], toGroupView) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/groups',
      summary: 'Make a group',
      tag,
      action: 'groups.manage',
      isIdempotent: true,
      body: groupBody,
      answers: { 201: groupView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const id = newId('group');
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          await requireChatQueue(trx, accountId, request.body.queueId);
          const row = await trx
            .insertInto('chat_group')
            .values({
              id,
              account_id: accountId,
              public_id: newPublicId(),
              ...toGroupColumns(request.body),
              name: request.body.name,
              queue_id: request.body.queueId,
            })
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('group', id);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'group.created',
            target: { kind: 'group', id },
            detail: request.body,
          });
          return row;
        });
        return { status: 201, headers: { ...etag(row.version), location: `/api/v1/groups/${id}` }, body: toGroupView(row) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/groups/:id',
      summary: 'One group',
      tag,
      action: 'groups.read',
      params: idParam,
      answers: { 200: groupView },
      handler: async (request) => {
        const row = await readGroup(db, accountOf(request.principal), request.params.id, supervisedQueues(request.principal));
        return { status: 200, headers: etag(row.version), body: toGroupView(row) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/groups/:id/snippet',
      summary: 'The tag that puts the widget on a page',
      tag,
      action: 'groups.read',
      params: idParam,
      answers: { 200: z.object({ html: z.string() }) },
      handler: async (request) => {
        const row = await readGroup(db, accountOf(request.principal), request.params.id, supervisedQueues(request.principal));
        return { status: 200, body: { html: embedSnippet(publicUrlOf(deps.publicUrl, request), row.public_id) } };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/groups/:id',
      summary: 'Change a group, its texts or its look',
      tag,
      action: 'groups.manage',
      params: idParam,
      body: groupChange,
      answers: { 200: groupView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { version: _, ...change } = request.body;
        const after = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readGroup(trx, accountId, id);
          requireVersion(before.version, seen);
          if (change.queueId !== undefined) await requireChatQueue(trx, accountId, change.queueId);
          const after = await trx
            .updateTable('chat_group')
            .set({ ...toGroupColumns(change, toGroupView(before).video), version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('group', id);
          const detail = differences(toGroupView(before), change.video ? { ...change, video: toGroupView(after).video } : change);
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'group.changed', target: { kind: 'group', id }, detail });
          return after;
        });
        return { status: 200, headers: etag(after.version), body: toGroupView(after) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/groups/:id',
      summary: 'Delete a group; its widget disappears',
      tag,
      action: 'groups.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const group = await readGroup(trx, accountId, id);
          await trx
            .updateTable('chat_group')
            .set({ deleted_at: sql`now()`, version: sql`version + 1` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          changes.touch('group', id);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'group.deleted',
            target: { kind: 'group', id },
            detail: { name: group.name },
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

/** @throws AppError not_found, also for a group of another account or one that feeds a queue not in `queues` */
async function readGroup(
  db: Kysely<Tables>,
  accountId: string,
  id: string,
  queues?: readonly string[],
): Promise<Selectable<ChatGroupTable>> {
  const row = await db
    .selectFrom('chat_group')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!row || (queues && !queues.includes(row.queue_id))) throw new AppError('not_found');
  return row;
}

/** @throws AppError not_found, invalid (a queue of calls) */
async function requireChatQueue(db: Kysely<Tables>, accountId: string, id: string): Promise<void> {
  const { channel } = await readQueue(db, accountId, id);
  if (channel !== 'chat')
    throw new AppError('invalid', { fields: [{ path: 'queueId', message: 'calls wait in this queue: choose one for chats' }] });
}
