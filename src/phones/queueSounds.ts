/** VOX-3: what a queue plays and where its exit leads, checked against what the account has. */
import { type Kysely, sql } from 'kysely';
import { messagePrompts, type QueueDoc } from '../../queues/config.ts';
import type { FieldError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

export async function wrongVoice(
  db: Kysely<Tables>,
  accountId: string,
  { voice: { music, greeting, exitTo }, recipe }: Pick<QueueDoc, 'voice' | 'recipe'>,
): Promise<FieldError[]> {
  const fields: FieldError[] = [];
  const told = recipe.map(({ do: step }, index) => [`recipe.${index}.do.sound`, (step.op === 'message' && step.sound) || ''] as const);
  for (const [path, id] of [['voice.music', music], ['voice.greeting', greeting], ...told] as const) {
    if (id === '' || (messagePrompts as readonly string[]).includes(id)) continue;
    const sound = await db.selectFrom('sound').select('id').where('id', '=', id).where('account_id', '=', accountId).executeTakeFirst();
    if (!sound) fields.push({ path, message: 'there is no such sound' });
  }
  if (exitTo.op === 'priority' || exitTo.op === 'message')
    fields.push({
      path: 'voice.exitTo.op',
      message: 'leaving the queue ends the waiting: a queue, a number, voicemail, callback or close',
    });
  if (exitTo.op === 'queue') {
    const queue = await db
      .selectFrom('queue')
      .select('channel')
      .where('id', '=', exitTo.queueId)
      .where('account_id', '=', accountId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (queue?.channel !== 'voice') fields.push({ path: 'voice.exitTo.queueId', message: 'there is no such voice queue' });
  }
  return fields;
}

/** Names of the queues that play the sound, at most five. */
export async function queuesPlaying(db: Kysely<Tables>, accountId: string, soundId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('queue')
    .select('name')
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .where(sql<boolean>`(voice->>'music' = ${soundId} or voice->>'greeting' = ${soundId}
      or recipe @> ${JSON.stringify([{ do: { sound: soundId } }])}::jsonb)`)
    .orderBy('name')
    .limit(5)
    .execute();
  return rows.map((row) => row.name);
}
