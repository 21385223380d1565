/** Queues: where conversations wait. Administrators change them; supervisors and agents see those they belong to. */
import { sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { Scope } from '../../queues/engine.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing } from '../accounts/users.ts';
import { idParam, noContent, seenVersion } from '../api/fields.ts';
import { PAGE_MAX, pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { can, type Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { newId, type QueueId, type UserId } from '../base/ids.ts';
import { pageByName, readOwn, removeOwn, updateOwn } from '../db/ownRows.ts';
import type { Tables } from '../db/tables.ts';
import { numbersOfQueue } from '../phones/numbers.ts';
import { queueFigures } from '../protocol/views.ts';
import { configured } from './configured.ts';
import {
  checkQueue,
  namesOfGroups,
  queueBody,
  queueChange,
  queueView,
  requireSameChannel,
  toQueueColumns,
  toQueueSettings,
  toQueueView,
  withDefaults,
} from './queueFields.ts';
import { queuesHandingTo } from './recipe.ts';
import { liveQueues } from './visibleQueues.ts';

const tag = 'Queues';
const path = '/api/v1/queues';

export function queueRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  const queues = configured(deps, {
    kind: 'queue',
    path,
    read: (db, accountId, id) => readOwn(db, 'queue', accountId, id),
    view: toQueueView,
    settings: toQueueSettings,
    copies: ({ id }) => [['queue', id]],
  });
  const isKnownTo = (principal: Principal, queueId: string): boolean =>
    can(principal, 'queues.read', { kind: 'queue', accountId: accountOf(principal), queueId });
  return [
    route({
      method: 'GET',
      path,
      summary: 'Queues, by name',
      tag,
      action: 'queues.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional() }),
      answers: { 200: pageAnswer(queueView) },
      handler: async (request) => {
        const { search } = request.query;
        const seen = liveQueues(request.principal);
        let query = db
          .selectFrom('queue')
          .selectAll()
          .where('account_id', '=', accountOf(request.principal))
          .where('deleted_at', 'is', null);
        if (seen) query = query.where('id', '=', sql<string>`any(${seen}::text[])`);
        if (search) query = query.where('name', 'ilike', containing(search));
        const page = await pageByName(query, 'queue', request.query);
        return { status: 200, body: { ...page, items: page.items.map(toQueueView) } };
      },
    }),
    route({
      method: 'POST',
      path,
      summary: 'Make a queue',
      tag,
      action: 'queues.manage',
      isIdempotent: true,
      body: queueBody,
      answers: { 201: queueView },
      handler: (request) =>
        queues.create(request, newId('queue'), async ({ trx, accountId, id }) => {
          const queue = withDefaults(request.body);
          await checkQueue(trx, accountId, id, queue);
          await trx
            .insertInto('queue')
            .values({ id, account_id: accountId, ...toQueueColumns(queue) })
            .execute();
          return queue;
        }),
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One queue',
      tag,
      action: 'queues.read',
      params: idParam,
      answers: { 200: queueView },
      handler: (request) => queues.show(request, ({ id }) => isKnownTo(request.principal, id)),
    }),
    route({
      method: 'GET',
      path: `${path}/:id/figures`,
      summary: 'Live figures of a queue (RTE-9)',
      tag,
      action: 'queues.read',
      params: idParam,
      answers: { 200: queueFigures },
      handler: async (request) => {
        const { id } = request.params;
        if (!isKnownTo(request.principal, id)) throw new AppError('not_found');
        const scope = await scopeOf(deps, accountOf(request.principal));
        const figures = await deps.engine.views.figures(scope, id as QueueId, { withOccupancy: true });
        if (!figures) throw new AppError('not_found');
        return { status: 200, body: figures };
      },
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Change a queue',
      tag,
      action: 'queues.manage',
      params: idParam,
      body: queueChange.extend({ version: seenVersion }),
      answers: { 200: queueView },
      handler: (request) =>
        queues.change(request, async ({ trx, accountId, id }, before) => {
          const { version: _, ...change } = request.body;
          const queue = withDefaults(change, toQueueSettings(before));
          requireSameChannel(before.channel, queue.channel);
          await checkQueue(trx, accountId, id, queue);
          await updateOwn(trx, 'queue', accountId, id, toQueueColumns(queue));
        }),
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Delete a queue that no group, number or recipe uses and where no conversation is open',
      tag,
      action: 'queues.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const scope = await scopeOf(deps, accountOf(request.principal));
        const queueId = request.params.id as QueueId;
        const removed = await queues.remove(request, async ({ trx, changes, accountId, id }, { name }) => {
          await refuseWhileUsed(trx, accountId, id);
          const figures = await deps.engine.views.figures(scope, queueId);
          const open = figures ? figures.waiting + figures.inService : 0;
          if (open > 0) throw new AppError('wrong_state', { detail: `${open} conversations are open in this queue.` });
          const members = await trx.deleteFrom('queue_member').where('queue_id', '=', id).returning('user_id').execute();
          for (const { user_id: userId } of members) {
            changes.touch('agent', userId);
            changes.rights(userId, { reason: 'queue.deleted' });
          }
          await removeOwn(trx, 'queue', accountId, id);
          return { name };
        });
        await endVisits(deps, scope, queueId);
        return removed;
      },
    }),
  ];
}

/** ACC-5: the queue is gone, and with it the temporary sign-ins to it. One that Redis did not hear of points to nothing and does no harm. */
async function endVisits({ engine, log }: AccessDeps, scope: Scope, queueId: QueueId): Promise<void> {
  try {
    if (!(await engine.config.account(scope))?.hasVisits) return;
    for (let after: string | undefined, isMore = true; isMore; isMore = after !== undefined) {
      const { agents, next } = await engine.views.agents(scope, { after, limit: PAGE_MAX });
      for (const { id, queues } of agents) {
        if (!queues.some((queue) => queue.id === queueId && queue.isTemporary)) continue;
        await engine.router.signOut(scope, { agentId: id as UserId, queues: [queueId], key: newId('command'), isSupervisor: true });
      }
      after = next;
    }
  } catch (error) {
    log.warn({ accountId: scope.accountId, queueId, err: error }, 'queue.visits.left');
  }
}

/** @throws AppError wrong_state, naming what leads to the queue */
async function refuseWhileUsed(trx: Transaction<Tables>, accountId: string, id: string): Promise<void> {
  const groups = await namesOfGroups(trx, id);
  if (groups.length > 0) throw new AppError('wrong_state', { detail: `Groups use this queue: ${groups.join(', ')}.` });
  const handing = await queuesHandingTo(trx, accountId, id);
  if (handing.length > 0) throw new AppError('wrong_state', { detail: `Recipes hand on to this queue: ${handing.join(', ')}.` });
  const numbers = await numbersOfQueue(trx, id);
  if (numbers.length > 0) throw new AppError('wrong_state', { detail: `Numbers lead to this queue: ${numbers.join(', ')}.` });
}
