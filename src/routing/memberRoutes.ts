/** Who serves and who supervises a queue (ACC-4). A change reaches the person's open sessions at once. */
import { z } from 'zod';
import { actorOf, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { memberOrder, queueRole, readUser } from '../accounts/users.ts';
import { noContent } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { can } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { readOwn } from '../db/ownRows.ts';
import { changeConfig } from './changeConfig.ts';
import { addMember } from './members.ts';

const tag = 'Queues';
const order = memberOrder.nullable().describe('Place in the order of a linear queue, lowest first; null: last');
const memberView = z.object({ userId: z.string(), name: z.string(), roles: z.array(queueRole), order });
const queueParam = z.object({ id: z.string().max(40) });
const memberParam = queueParam.extend({ userId: z.string().max(40) });

export function memberRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/queues/:id/members',
      summary: 'Who serves and supervises the queue',
      tag,
      action: 'queues.read',
      params: queueParam,
      answers: { 200: z.object({ items: z.array(memberView) }) },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await readOwn(db, 'queue', accountId, id);
        if (!can(request.principal, 'queues.read', { kind: 'queue', accountId, queueId: id })) throw new AppError('not_found');
        const rows = await db
          .selectFrom('queue_member')
          .innerJoin('app_user', 'app_user.id', 'queue_member.user_id')
          .select((eb) => [
            'user_id as userId',
            'app_user.name',
            eb.fn.agg<('agent' | 'supervisor')[]>('array_agg', ['queue_member.role']).as('roles'),
            eb.fn.min<number | null>('queue_member.position').as('order'),
          ])
          .where('queue_id', '=', id)
          .where('queue_member.account_id', '=', accountId)
          .groupBy(['user_id', 'app_user.name'])
          .orderBy('app_user.name')
          .orderBy('user_id')
          .execute();
        return { status: 200, body: { items: rows } };
      },
    }),
    route({
      method: 'PUT',
      path: '/api/v1/queues/:id/members/:userId',
      summary: 'Make the person agent, supervisor or both of the queue; agents have a place in its order',
      tag,
      action: 'queues.manage',
      params: memberParam,
      body: z.strictObject({ roles: z.array(queueRole).min(1).max(2), order: order.optional() }),
      answers: { 200: memberView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id, userId } = request.params;
        const roles = [...new Set(request.body.roles)].sort();
        const { order } = request.body;
        const view = await changeConfig(deps, accountId, async (trx, changes) => {
          await readOwn(trx, 'queue', accountId, id);
          const user = await readUser(trx, accountId, userId);
          await trx
            .deleteFrom('queue_member')
            .where('queue_id', '=', id)
            .where('user_id', '=', userId)
            .where('role', 'not in', roles)
            .execute();
          for (const role of roles) await addMember(trx, { accountId, queueId: id, userId, role, ...(role === 'agent' && { order }) });
          changes.touch('agent', userId);
          changes.rights(userId, { reason: 'queue.members' });
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'queue.member_added',
            target: { kind: 'queue', id },
            detail: { userId, roles, ...(order !== undefined && { order }) },
          });
          const member = await trx
            .selectFrom('queue_member')
            .select('position')
            .where('queue_id', '=', id)
            .where('user_id', '=', userId)
            .where('role', '=', 'agent')
            .executeTakeFirst();
          return { userId, name: user.name, roles, order: member?.position ?? null };
        });
        return { status: 200, body: view };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/queues/:id/members/:userId',
      summary: 'Take the person out of the queue',
      tag,
      action: 'queues.manage',
      params: memberParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id, userId } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          await readOwn(trx, 'queue', accountId, id);
          const gone = await trx
            .deleteFrom('queue_member')
            .where('queue_id', '=', id)
            .where('user_id', '=', userId)
            .where('account_id', '=', accountId)
            .executeTakeFirst();
          if (gone.numDeletedRows === 0n) throw new AppError('not_found');
          changes.touch('agent', userId);
          changes.rights(userId, { reason: 'queue.members' });
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'queue.member_removed',
            target: { kind: 'queue', id },
            detail: { userId },
          });
        });
        return { status: 204 };
      },
    }),
  ];
}
