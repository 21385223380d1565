/** The account's people: list and search, one person. Supervisors see those of the queues they supervise. */
import { sql } from 'kysely';
import { z } from 'zod';
import { etag, idParam } from '../api/fields.ts';
import { pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { pageByName } from '../db/ownRows.ts';
import { supervisedQueues } from '../routing/visibleQueues.ts';
import type { AccessDeps } from './deps.ts';
import { accountRole, containing, readUser, toUserView, toUserViews, userView } from './users.ts';

const tag = 'Users';

export function userListRoutes({ db }: AccessDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/users',
      summary: 'People of the account, by name',
      tag,
      action: 'users.read',
      query: pageQuery.extend({
        search: z.string().trim().max(100).optional().describe('Part of name or e-mail'),
        role: accountRole.optional(),
        status: z.enum(['invited', 'active', 'inactive']).optional(),
        queue: z.string().max(40).optional().describe('Members of this queue'),
        skill: z.string().max(40).optional().describe('Who has this skill (RTE-3)'),
      }),
      answers: { 200: pageAnswer(userView) },
      handler: async (request) => {
        const { search, role, status, queue, skill } = request.query;
        const seen = supervisedQueues(request.principal);
        let query = db
          .selectFrom('app_user')
          .selectAll()
          .where('account_id', '=', accountOf(request.principal))
          .where('status', '!=', 'deleted');
        if (search) query = query.where((eb) => eb.or([eb('name', 'ilike', containing(search)), eb('email', 'ilike', containing(search))]));
        if (role) query = query.where('role', '=', role);
        if (status) query = query.where('status', '=', status);
        if (skill !== undefined)
          query = query.where('id', 'in', (eb) => eb.selectFrom('agent_skill').select('user_id').where('skill_id', '=', skill));
        for (const queues of [seen, queue === undefined ? undefined : [queue]]) {
          if (queues)
            query = query.where('id', 'in', (eb) =>
              eb.selectFrom('queue_member').select('user_id').where('queue_id', '=', sql<string>`any(${queues}::text[])`),
            );
        }
        const page = await pageByName(query, 'app_user', request.query);
        return { status: 200, body: { ...page, items: await toUserViews(db, page.items) } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/users/:id',
      summary: 'One person',
      tag,
      action: 'users.read',
      params: idParam,
      answers: { 200: userView },
      handler: async (request) => {
        const row = await readUser(db, accountOf(request.principal), request.params.id);
        const view = await toUserView(db, row);
        const seen = supervisedQueues(request.principal);
        if (seen && !view.queues.some((queue) => seen.includes(queue.id))) throw new AppError('not_found');
        return { status: 200, headers: etag(view.version), body: view };
      },
    }),
  ];
}
