/** RTE-3: the account's skills. Deleting one takes it from the people who have it; one that a queue asks for is not deleted. */
import { sql } from 'kysely';
import { z } from 'zod';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing, lowerName } from '../accounts/users.ts';
import { etag, idParam, noContent, requireVersion, seenVersionOf } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { type AccountId, newId, type QueueId } from '../base/ids.ts';
import { isDuplicate } from '../db/database.ts';
import { changeConfig } from './changeConfig.ts';
import { nameKey } from './nameKey.ts';
import { SKILLS_PER_ACCOUNT, skillBody, skillChange, skillView, toSkillView } from './skillFields.ts';
import { countHolders, queuesAskingFor, readSkill } from './skills.ts';

const tag = 'Skills';

export function skillRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/skills',
      summary: 'Skills, by name',
      tag,
      action: 'skills.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional() }),
      answers: { 200: pageAnswer(skillView) },
      handler: async (request) => {
        const { limit, cursor, search } = request.query;
        const accountId = accountOf(request.principal);
        let query = db.selectFrom('skill').selectAll().select(lowerName.as('sort_name')).where('account_id', '=', accountId);
        if (search) query = query.where('name', 'ilike', containing(search));
        const after = readCursor(cursor, 2);
        if (after) query = query.where(sql<boolean>`(lower(name), id) > (${after[0]}, ${after[1]})`);
        const rows = await query
          .orderBy(lowerName)
          .orderBy('id')
          .limit(limit + 1)
          .execute();
        const holders = await countHolders(
          db,
          accountId,
          rows.map((row) => row.id),
        );
        const body = toPage(
          rows,
          limit,
          (row) => [row.sort_name, row.id],
          (row) => toSkillView(row, holders.get(row.id) ?? 0),
        );
        return { status: 200, body };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/skills',
      summary: 'Make a skill',
      tag,
      action: 'skills.manage',
      isIdempotent: true,
      body: skillBody,
      answers: { 201: skillView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { name, description = '' } = request.body;
        const id = newId('skill');
        const row = await changeConfig(deps, accountId, async (trx) => {
          const { count } = await trx
            .selectFrom('skill')
            .select((eb) => eb.fn.countAll<number>().as('count'))
            .where('account_id', '=', accountId)
            .executeTakeFirstOrThrow();
          if (count >= SKILLS_PER_ACCOUNT) throw new AppError('wrong_state', { detail: `At most ${SKILLS_PER_ACCOUNT} skills.` });
          const row = await trx
            .insertInto('skill')
            .values({ id, account_id: accountId, name, name_key: nameKey(name), description })
            .returningAll()
            .executeTakeFirstOrThrow();
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'skill.created',
            target: { kind: 'skill', id },
            detail: { name, description },
          });
          return row;
        }).catch(refuseSameName);
        return { status: 201, headers: { ...etag(row.version), location: `/api/v1/skills/${id}` }, body: toSkillView(row, 0) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/skills/:id',
      summary: 'One skill',
      tag,
      action: 'skills.read',
      params: idParam,
      answers: { 200: skillView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const row = await readSkill(db, accountId, request.params.id);
        const holders = await countHolders(db, accountId, [row.id]);
        return { status: 200, headers: etag(row.version), body: toSkillView(row, holders.get(row.id) ?? 0) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/skills/:id',
      summary: 'Rename or describe a skill',
      tag,
      action: 'skills.manage',
      params: idParam,
      body: skillChange,
      answers: { 200: skillView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { name, description } = request.body;
        const view = await changeConfig(deps, accountId, async (trx) => {
          const before = await readSkill(trx, accountId, id);
          requireVersion(before.version, seen);
          const after = await trx
            .updateTable('skill')
            .set({
              name,
              name_key: name === undefined ? undefined : nameKey(name),
              description,
              version: sql`version + 1`,
              updated_at: sql`now()`,
            })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          const detail = differences(
            { name: before.name, description: before.description },
            { name: after.name, description: after.description },
          );
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'skill.changed', target: { kind: 'skill', id }, detail });
          return toSkillView(after, (await countHolders(trx, accountId, [id])).get(id) ?? 0);
        }).catch(refuseSameName);
        return { status: 200, headers: etag(view.version), body: view };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/skills/:id',
      summary: 'Delete a skill that no queue asks for; people have it no more',
      tag,
      action: 'skills.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const { name } = await readSkill(trx, accountId, id);
          const queues = await queuesAskingFor(trx, accountId, id);
          if (queues.length > 0) throw new AppError('wrong_state', { detail: `Queues ask for this skill: ${queues.join(', ')}.` });
          await refuseWhileNeeded(deps, accountId, id);
          const holders = await trx
            .deleteFrom('agent_skill')
            .where('skill_id', '=', id)
            .where('account_id', '=', accountId)
            .returning('user_id')
            .execute();
          await trx.deleteFrom('skill').where('id', '=', id).where('account_id', '=', accountId).execute();
          // Their version moves too: an editor who still sees the skill must not send it back.
          const users = holders.map((holder) => holder.user_id);
          if (users.length > 0)
            await trx
              .updateTable('app_user')
              .set({ version: sql`version + 1` })
              .where('id', 'in', users)
              .where('account_id', '=', accountId)
              .execute();
          for (const userId of users) changes.touch('agent', userId);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'skill.deleted',
            target: { kind: 'skill', id },
            detail: { name, agents: users.length },
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

/** Who waits for somebody with the skill would wait for ever. One that begins at this very moment slips through; it can still be taken by hand. */
async function refuseWhileNeeded({ engine }: AccessDeps, accountId: AccountId, skillId: string): Promise<void> {
  const scope = await engine.config.scopeOf(accountId);
  if (!scope) return;
  const places: string[] = [];
  for (const { id, name } of await engine.config.queues(scope)) {
    const count = await engine.views.countNeeding(scope, id as QueueId, skillId);
    if (count > 0) places.push(`${name} (${count})`);
  }
  if (places.length > 0) throw new AppError('wrong_state', { detail: `Interactions that wait need this skill: ${places.join(', ')}.` });
}

function refuseSameName(error: unknown): never {
  if (isDuplicate(error, 'skill_name')) throw new AppError('conflict', { detail: 'A skill of this name exists already.', cause: error });
  throw error;
}
