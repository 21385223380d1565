/** Skills of the account (RTE-3): the statements that the routes of skills, queues and people share. Each is bound to an account. */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { SkillNeed } from '../../queues/config.ts';
import { AppError, type FieldError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

/** How many people have each of the skills. */
export async function countHolders(db: Kysely<Tables>, accountId: string, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('agent_skill')
    .select(['skill_id', (eb) => eb.fn.countAll<number>().as('count')])
    .where('account_id', '=', accountId)
    .where('skill_id', 'in', ids)
    .groupBy('skill_id')
    .execute();
  return new Map(rows.map((row) => [row.skill_id, row.count]));
}

/** The wrong fields among the needs: skills that the account does not have, or named twice. `path` is where the needs stand. */
export async function wrongNeeds(db: Kysely<Tables>, accountId: string, path: string, needs: readonly SkillNeed[]): Promise<FieldError[]> {
  if (needs.length === 0) return [];
  const rows = await db
    .selectFrom('skill')
    .select('id')
    .where('account_id', '=', accountId)
    .where(
      'id',
      'in',
      needs.map(({ skill }) => skill),
    )
    .execute();
  const known = new Set(rows.map((row) => row.id));
  return needs.flatMap(({ skill }, index): FieldError[] => {
    if (!known.has(skill)) return [{ path: `${path}.${index}.skill`, message: 'there is no such skill' }];
    const isSecond = needs.findIndex((need) => need.skill === skill) < index;
    return isSecond ? [{ path: `${path}.${index}.skill`, message: 'this skill is named twice' }] : [];
  });
}

/** Nobody has the skill any more. Their version moves too: an editor who still sees the skill must not send it back. Returns who had it. */
export async function takeFromHolders(trx: Transaction<Tables>, accountId: string, skillId: string): Promise<string[]> {
  const holders = await trx
    .deleteFrom('agent_skill')
    .where('skill_id', '=', skillId)
    .where('account_id', '=', accountId)
    .returning('user_id')
    .execute();
  const users = holders.map((holder) => holder.user_id);
  if (users.length > 0)
    await trx
      .updateTable('app_user')
      .set({ version: sql`version + 1` })
      .where('id', 'in', users)
      .where('account_id', '=', accountId)
      .execute();
  return users;
}

/** Names of the queues that ask for the skill, at most five. */
export async function queuesAskingFor(db: Kysely<Tables>, accountId: string, skillId: string): Promise<string[]> {
  const need = JSON.stringify([{ skill: skillId }]);
  const rows = await db
    .selectFrom('queue')
    .select('name')
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`(required @> ${need}::jsonb or preferred @> ${need}::jsonb)`)
    .orderBy('name')
    .limit(5)
    .execute();
  return rows.map((row) => row.name);
}

/** Makes the skills of the person these and no others. @throws AppError invalid when the account does not have one of them */
export async function replaceAgentSkills(
  trx: Transaction<Tables>,
  accountId: string,
  userId: string,
  skills: readonly SkillNeed[],
): Promise<void> {
  const fields = await wrongNeeds(trx, accountId, 'skills', skills);
  if (fields.length > 0) throw new AppError('invalid', { fields });
  await trx.deleteFrom('agent_skill').where('user_id', '=', userId).where('account_id', '=', accountId).execute();
  if (skills.length === 0) return;
  await trx
    .insertInto('agent_skill')
    .values(skills.map(({ skill, level }) => ({ account_id: accountId, user_id: userId, skill_id: skill, level })))
    .execute();
}
