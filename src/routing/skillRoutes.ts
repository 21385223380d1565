/** RTE-3: the account's skills. Deleting one takes it from the people who have it; one that a queue asks for is not deleted. */
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing } from '../accounts/users.ts';
import { idParam, noContent } from '../api/fields.ts';
import { pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { type AccountId, newId, type QueueId } from '../base/ids.ts';
import { pageByName, readOwn, removeOwn, requireRoom, updateOwn } from '../db/ownRows.ts';
import { configured } from './configured.ts';
import { nameKey } from './nameKey.ts';
import { SKILLS_PER_ACCOUNT, skillBody, skillChange, skillView, toSkillView } from './skillFields.ts';
import { countHolders, queuesAskingFor, takeFromHolders } from './skills.ts';

const tag = 'Skills';
const path = '/api/v1/skills';

export function skillRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  const skills = configured(deps, {
    kind: 'skill',
    path,
    read: (db, accountId, id) => readOwn(db, 'skill', accountId, id),
    view: async (row, accountId) => toSkillView(row, (await countHolders(db, accountId, [row.id])).get(row.id) ?? 0),
    settings: ({ name, description }) => ({ name, description }),
    duplicates: { skill_name: 'A skill of this name exists already.' },
  });
  return [
    route({
      method: 'GET',
      path,
      summary: 'Skills, by name',
      tag,
      action: 'skills.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional() }),
      answers: { 200: pageAnswer(skillView) },
      handler: async (request) => {
        const { search } = request.query;
        const accountId = accountOf(request.principal);
        let query = db.selectFrom('skill').selectAll().where('account_id', '=', accountId);
        if (search) query = query.where('name', 'ilike', containing(search));
        const page = await pageByName(query, 'skill', request.query);
        const ids = page.items.map((row) => row.id);
        const holders = await countHolders(db, accountId, ids);
        return { status: 200, body: { ...page, items: page.items.map((row) => toSkillView(row, holders.get(row.id) ?? 0)) } };
      },
    }),
    route({
      method: 'POST',
      path,
      summary: 'Make a skill',
      tag,
      action: 'skills.manage',
      isIdempotent: true,
      body: skillBody,
      answers: { 201: skillView },
      handler: (request) =>
        skills.create(request, newId('skill'), async ({ trx, accountId, id }) => {
          const { name, description = '' } = request.body;
          await requireRoom(trx, 'skill', accountId, SKILLS_PER_ACCOUNT, 'skills');
          await trx
            .insertInto('skill')
            .values({ id, account_id: accountId, name, name_key: nameKey(name), description })
            .execute();
          return { name, description };
        }),
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One skill',
      tag,
      action: 'skills.read',
      params: idParam,
      answers: { 200: skillView },
      handler: (request) => skills.show(request),
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Rename or describe a skill',
      tag,
      action: 'skills.manage',
      params: idParam,
      body: skillChange,
      answers: { 200: skillView },
      handler: (request) =>
        skills.change(request, ({ trx, accountId, id }) => {
          const { name, description } = request.body;
          const name_key = name === undefined ? undefined : nameKey(name);
          return updateOwn(trx, 'skill', accountId, id, { name, name_key, description });
        }),
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Delete a skill that no queue asks for; people have it no more',
      tag,
      action: 'skills.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: (request) =>
        skills.remove(request, async ({ trx, changes, accountId, id }, { name }) => {
          const queues = await queuesAskingFor(trx, accountId, id);
          if (queues.length > 0) throw new AppError('wrong_state', { detail: `Queues ask for this skill: ${queues.join(', ')}.` });
          await refuseWhileNeeded(deps, accountId, id);
          const users = await takeFromHolders(trx, accountId, id);
          for (const userId of users) changes.touch('agent', userId);
          await removeOwn(trx, 'skill', accountId, id);
          return { name, agents: users.length };
        }),
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
