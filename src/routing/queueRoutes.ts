/** Queues: where conversations wait. Administrators change them; supervisors and agents see those they belong to. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing, lowerName } from '../accounts/users.ts';
import { etag, idParam, noContent, requireVersion, seenVersion, seenVersionOf } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { can } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { newId, type QueueId, type UserId } from '../base/ids.ts';
import type { QueueTable, Tables } from '../db/tables.ts';
import { numbersOfQueue } from '../phones/numbers.ts';
import { queueFigures } from '../protocol/views.ts';
import { changeConfig } from './changeConfig.ts';
import {
  checkQueue,
  namesOfGroups,
  queueBody,
  queueChange,
  queueView,
  requireSameChannel,
  toQueueColumns,
  toQueueView,
  withDefaults,
} from './queueFields.ts';
import { queuesHandingTo } from './recipe.ts';
import { liveQueues } from './visibleQueues.ts';

const tag = 'Queues';

export function queueRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/queues',
      summary: 'Queues, by name',
      tag,
      action: 'queues.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional() }),
      answers: { 200: pageAnswer(queueView) },
      handler: async (request) => {
        const { limit, cursor, search } = request.query;
        const seen = liveQueues(request.principal);
        let query = db
          .selectFrom('queue')
          .selectAll()
          .select(lowerName.as('sort_name'))
          .where('account_id', '=', accountOf(request.principal))
          .where('deleted_at', 'is', null);
        if (seen) query = query.where('id', '=', sql<string>`any(${seen}::text[])`);
        if (search) query = query.where('name', 'ilike', containing(search));
        const after = readCursor(cursor, 2);
        if (after) query = query.where(sql<boolean>`(lower(name), id) > (${after[0]}, ${after[1]})`);
        const rows = await query
          .orderBy(lowerName)
          .orderBy('id')
          .limit(limit + 1)
          .execute();
        return { status: 200, body: toPage(rows, limit, (row) => [row.sort_name, row.id], toQueueView) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/queues',
      summary: 'Make a queue',
      tag,
      action: 'queues.manage',
      isIdempotent: true,
      body: queueBody,
      answers: { 201: queueView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const queue = withDefaults(request.body);
        const id = newId('queue');
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          await checkQueue(trx, accountId, id, queue);
          const row = await trx
            .insertInto('queue')
            .values({ id, account_id: accountId, ...toQueueColumns(queue) })
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('queue', id);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'queue.created',
            target: { kind: 'queue', id },
            detail: queue,
          });
          return row;
        });
        return { status: 201, headers: { ...etag(row.version), location: `/api/v1/queues/${id}` }, body: toQueueView(row) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/queues/:id',
      summary: 'One queue',
      tag,
      action: 'queues.read',
      params: idParam,
      answers: { 200: queueView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const row = await readQueue(db, accountId, id);
        if (!can(request.principal, 'queues.read', { kind: 'queue', accountId, queueId: id })) throw new AppError('not_found');
        return { status: 200, headers: etag(row.version), body: toQueueView(row) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/queues/:id/figures',
      summary: 'Live figures of a queue (RTE-9)',
      tag,
      action: 'queues.read',
      params: idParam,
      answers: { 200: queueFigures },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        if (!can(request.principal, 'queues.read', { kind: 'queue', accountId, queueId: id })) throw new AppError('not_found');
        const figures = await deps.engine.views.figures(await scopeOf(deps, accountId), id as QueueId, { withOccupancy: true });
        if (!figures) throw new AppError('not_found');
        return { status: 200, body: figures };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/queues/:id',
      summary: 'Change a queue',
      tag,
      action: 'queues.manage',
      params: idParam,
      body: queueChange.extend({ version: seenVersion }),
      answers: { 200: queueView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { version: _, ...change } = request.body;
        const after = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readQueue(trx, accountId, id);
          requireVersion(before.version, seen);
          const queue = withDefaults(change, toSettings(before));
          requireSameChannel(before.channel, queue.channel);
          await checkQueue(trx, accountId, id, queue);
          const after = await trx
            .updateTable('queue')
            .set({ ...toQueueColumns(queue), version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('queue', id);
          const detail = differences(toSettings(before), queue);
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'queue.changed', target: { kind: 'queue', id }, detail });
          return after;
        });
        return { status: 200, headers: etag(after.version), body: toQueueView(after) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/queues/:id',
      summary: 'Delete a queue that no group, number or recipe uses and where no conversation is open',
      tag,
      action: 'queues.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const scope = await scopeOf(deps, accountId);
        await changeConfig(deps, accountId, async (trx, changes) => {
          const queue = await readQueue(trx, accountId, id);
          const groups = await namesOfGroups(trx, id);
          if (groups.length > 0) throw new AppError('wrong_state', { detail: `Groups use this queue: ${groups.join(', ')}.` });
          const handing = await queuesHandingTo(trx, accountId, id);
          if (handing.length > 0) throw new AppError('wrong_state', { detail: `Recipes hand on to this queue: ${handing.join(', ')}.` });
          const numbers = await numbersOfQueue(trx, id);
          if (numbers.length > 0) throw new AppError('wrong_state', { detail: `Numbers lead to this queue: ${numbers.join(', ')}.` });
          const figures = await deps.engine.views.figures(scope, id as QueueId);
          const open = figures ? figures.waiting + figures.inService : 0;
          if (open > 0) throw new AppError('wrong_state', { detail: `${open} conversations are open in this queue.` });
          const members = await trx.deleteFrom('queue_member').where('queue_id', '=', id).returning('user_id').execute();
          for (const { user_id: userId } of members) {
            changes.touch('agent', userId);
            changes.rights(userId, { reason: 'queue.deleted' });
          }
          await trx
            .updateTable('queue')
            .set({ deleted_at: sql`now()`, version: sql`version + 1` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          changes.touch('queue', id);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'queue.deleted',
            target: { kind: 'queue', id },
            detail: { name: queue.name },
          });
        });
        await endVisits(deps, scope, id as QueueId);
        return { status: 204 };
      },
    }),
  ];
}

/** ACC-5: the queue is gone, and with it the temporary sign-ins to it. One that Redis did not hear of points to nothing and does no harm. */
async function endVisits({ engine, log }: AccessDeps, scope: Scope, queueId: QueueId): Promise<void> {
  try {
    if (!(await engine.config.account(scope))?.hasVisits) return;
    for (const { id, queues } of await engine.views.agents(scope)) {
      if (!queues.some((queue) => queue.id === queueId && queue.isTemporary)) continue;
      await engine.router.signOut(scope, { agentId: id as UserId, queues: [queueId], key: newId('command'), isSupervisor: true });
    }
  } catch (error) {
    log.warn({ accountId: scope.accountId, queueId, err: error }, 'queue.visits.left');
  }
}

/** @throws AppError not_found, also for a queue of another account */
export async function readQueue(db: Kysely<Tables>, accountId: string, id: string): Promise<Selectable<QueueTable>> {
  const row = await db
    .selectFrom('queue')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}

function toSettings(row: Selectable<QueueTable>) {
  const { id: _id, version: _version, createdAt: _createdAt, ...settings } = toQueueView(row);
  return settings;
}
