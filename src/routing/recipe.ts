/**
 * RTE-10: what a recipe and a relaxation must keep to, and that queues never hand an interaction round in a circle: each recipe is one edge
 * per `queue` step, and the account's queues together make no circle. Asked with the account's row held, so two changes cannot close one together.
 */
import type { Kysely } from 'kysely';
import type { QueueDoc } from '../../queues/config.ts';
import type { FieldError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

type Recipe = QueueDoc['recipe'];

/** Of one queue alone. */
export function wrongSteps({ recipe, relaxation }: Pick<QueueDoc, 'recipe' | 'relaxation'>): FieldError[] {
  const fields: FieldError[] = [];
  for (const [index, step] of recipe.entries()) {
    const before = recipe[index - 1];
    if (before && step.afterSec < before.afterSec)
      fields.push({ path: `recipe.${index}.afterSec`, message: `the steps are not in order: ${step.afterSec} after ${before.afterSec}` });
  }
  for (const [index, step] of relaxation.entries()) {
    const before = relaxation[index - 1];
    if (!before) continue;
    if (step.afterSec <= before.afterSec)
      fields.push({ path: `relaxation.${index}.afterSec`, message: `not ascending: ${step.afterSec} after ${before.afterSec}` });
    if (step.lowerBy <= before.lowerBy)
      fields.push({
        path: `relaxation.${index}.lowerBy`,
        message: `not ascending: counted from the first levels, ${step.lowerBy} after ${before.lowerBy}`,
      });
  }
  return fields;
}

/** Queues that are not there, and circles, which are told by the queues' names. `id` is that of the queue, also of one that is being made. */
export async function wrongTargets(
  db: Kysely<Tables>,
  accountId: string,
  { id, name, recipe }: { readonly id: string; readonly name: string; readonly recipe: Recipe },
): Promise<FieldError[]> {
  if (targetsOf(recipe).length === 0) return [];
  const rows = await db
    .selectFrom('queue')
    .select(['id', 'name', 'recipe'])
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .execute();
  const queues = new Map<string, { name: string; targets: string[] }>(
    rows.map((row) => [row.id, { name: row.name, targets: targetsOf(row.recipe) }]),
  );
  queues.set(id, { name, targets: targetsOf(recipe) });
  return recipe.flatMap((step, index): FieldError[] => {
    if (step.do.op !== 'queue') return [];
    const path = `recipe.${index}.do.queueId`;
    if (!queues.has(step.do.queueId)) return [{ path, message: 'there is no such queue' }];
    const way = wayBetween(queues, step.do.queueId, id);
    if (!way) return [];
    const names = [id, ...way].map((queueId) => queues.get(queueId)?.name ?? queueId);
    return [{ path, message: `circular overflow: ${names.join(' → ')}` }];
  });
}

/** The queue ids that a recipe hands on to. */
export function targetsOf(recipe: Recipe): string[] {
  return recipe.flatMap((step) => (step.do.op === 'queue' ? [step.do.queueId] : []));
}

/** The shortest way over recipes, both ends included; undefined: there is none. */
function wayBetween(queues: ReadonlyMap<string, { targets: readonly string[] }>, from: string, to: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  // A Map is walked in the order of insertion, entries added meanwhile included: breadth first.
  for (const [at] of cameFrom) {
    if (at === to) {
      const way: string[] = [];
      for (let step: string | undefined = at; step !== undefined; step = cameFrom.get(step)) way.unshift(step);
      return way;
    }
    for (const next of queues.get(at)?.targets ?? []) if (!cameFrom.has(next)) cameFrom.set(next, at);
  }
  return undefined;
}

/** Names of the queues whose recipe hands on to the queue, at most five. */
export async function queuesHandingTo(db: Kysely<Tables>, accountId: string, id: string): Promise<string[]> {
  const rows = await db
    .selectFrom('queue')
    .select(['name', 'recipe'])
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .where('id', '!=', id)
    .orderBy('name')
    .execute();
  return rows.flatMap((row) => (targetsOf(row.recipe).includes(id) ? [row.name] : [])).slice(0, 5);
}
