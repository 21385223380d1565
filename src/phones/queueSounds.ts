/** VOX-3: what a queue plays and where its exit leads, checked against what the account has. */
import { type Kysely, sql } from 'kysely';
import type { QueueVoice } from '../../queues/config.ts';
import type { FieldError } from '../base/errors.ts';
import type { Tables } from '../db/tables.ts';

export async function wrongVoice(db: Kysely<Tables>, accountId: string, { music, greeting, exitTo }: QueueVoice): Promise<FieldError[]> {
  const fields: FieldError[] = [];
  for (const [path, id] of Object.entries({ 'voice.music': music, 'voice.greeting': greeting })) {
    if (id === '') continue;
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
    .where(sql<boolean>`(voice->>'music' = ${soundId} or voice->>'greeting' = ${soundId})`)
    .orderBy('name')
    .limit(5)
    .execute();
  return rows.map((row) => row.name);
}
