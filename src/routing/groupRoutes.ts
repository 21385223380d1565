/** Engagement groups: one widget each, with its texts and look, feeding one queue. */
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing } from '../accounts/users.ts';
import { idParam, noContent } from '../api/fields.ts';
import { pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import type { Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { publicUrlOf } from '../auth/publicUrl.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { pageByName, readOwn, removeOwn, updateOwn } from '../db/ownRows.ts';
import type { Tables } from '../db/tables.ts';
import { configured } from './configured.ts';
import { embedSnippet, groupBody, groupChange, groupView, newPublicId, toGroupColumns, toGroupView } from './groupFields.ts';
import { supervisedQueues } from './visibleQueues.ts';

const tag = 'Groups';
const path = '/api/v1/groups';

export function groupRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  const groups = configured(deps, {
    kind: 'group',
    path,
    read: (db, accountId, id) => readOwn(db, 'chat_group', accountId, id),
    view: toGroupView,
    settings: (row) => {
      const { version: _version, createdAt: _createdAt, ...settings } = toGroupView(row);
      return settings;
    },
    copies: ({ id }) => [['group', id]],
  });
  /** Supervisors know the groups that feed their queues. */
  const isKnownTo = (principal: Principal) => {
    const queues = supervisedQueues(principal);
    return ({ queue_id: queueId }: { readonly queue_id: string }) => !queues || queues.includes(queueId);
  };
  return [
    route({
      method: 'GET',
      path,
      summary: 'Groups, by name',
      tag,
      action: 'groups.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional() }),
      answers: { 200: pageAnswer(groupView) },
      handler: async (request) => {
        const { search } = request.query;
        const seen = supervisedQueues(request.principal);
        let query = db
          .selectFrom('chat_group')
          .selectAll()
          .where('account_id', '=', accountOf(request.principal))
          .where('deleted_at', 'is', null);
        if (seen) query = query.where('queue_id', '=', sql<string>`any(${seen}::text[])`);
        if (search) query = query.where('name', 'ilike', containing(search));
        const page = await pageByName(query, 'chat_group', request.query);
        return { status: 200, body: { ...page, items: page.items.map(toGroupView) } };
      },
    }),
    route({
      method: 'POST',
      path,
      summary: 'Make a group',
      tag,
      action: 'groups.manage',
      isIdempotent: true,
      body: groupBody,
      answers: { 201: groupView },
      handler: (request) =>
        groups.create(request, newId('group'), async ({ trx, accountId, id }) => {
          const { name, queueId } = request.body;
          await requireChatQueue(trx, accountId, queueId);
          const row = { id, account_id: accountId, public_id: newPublicId(), ...toGroupColumns(request.body), name, queue_id: queueId };
          await trx.insertInto('chat_group').values(row).execute();
          return request.body;
        }),
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One group',
      tag,
      action: 'groups.read',
      params: idParam,
      answers: { 200: groupView },
      handler: (request) => groups.show(request, isKnownTo(request.principal)),
    }),
    route({
      method: 'GET',
      path: `${path}/:id/snippet`,
      summary: 'The tag that puts the widget on a page',
      tag,
      action: 'groups.read',
      params: idParam,
      answers: { 200: z.object({ html: z.string() }) },
      handler: async (request) => {
        const group = await groups.show(request, isKnownTo(request.principal));
        return { status: 200, body: { html: embedSnippet(publicUrlOf(deps.publicUrl, request), group.body.publicId) } };
      },
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Change a group, its texts or its look',
      tag,
      action: 'groups.manage',
      params: idParam,
      body: groupChange,
      answers: { 200: groupView },
      handler: (request) =>
        groups.change(request, async ({ trx, accountId, id }, before) => {
          const { queueId } = request.body;
          if (queueId !== undefined) await requireChatQueue(trx, accountId, queueId);
          await updateOwn(trx, 'chat_group', accountId, id, toGroupColumns(request.body, toGroupView(before).video));
        }),
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Delete a group; its widget disappears',
      tag,
      action: 'groups.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: (request) =>
        groups.remove(request, async ({ trx, accountId, id }, { name }) => {
          await removeOwn(trx, 'chat_group', accountId, id);
          return { name };
        }),
    }),
  ];
}

/** @throws AppError not_found, invalid (a queue of calls) */
async function requireChatQueue(db: Kysely<Tables>, accountId: string, id: string): Promise<void> {
  const { channel } = await readOwn(db, 'queue', accountId, id);
  if (channel !== 'chat')
    throw new AppError('invalid', { fields: [{ path: 'queueId', message: 'calls wait in this queue: choose one for chats' }] });
}
