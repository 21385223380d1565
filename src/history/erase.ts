/**
 * Erases what tells about a person, by contact: names, numbers, e-mail, texts, notes, comments, file names and contents. Facts stay: that, when and how
 * long somebody was served, by whom, with what outcome. Called by the route of contacts; safe to repeat.
 */
import { sql } from 'kysely';
import { AppError } from '../base/errors.ts';
import type { AccountId, ContactId } from '../base/ids.ts';
import type { Db } from '../db/database.ts';
import type { FileId } from '../files/fileStore.ts';

/** `record` is called in the same transaction. @returns ids of the files whose contents must go, too. @throws AppError not_found, wrong_state while a conversation runs */
export function eraseContact(db: Db, accountId: AccountId, contactId: ContactId, record: (trx: Db) => Promise<void>): Promise<FileId[]> {
  return db.transaction().execute(async (trx) => {
    const known = await trx
      .selectFrom('contact')
      .select('id')
      .where('id', '=', contactId)
      .where('account_id', '=', accountId)
      .forUpdate()
      .executeTakeFirst();
    if (!known) throw new AppError('not_found');
    const lives = trx
      .selectFrom('interaction')
      .select(['month', 'id', 'state'])
      .where('contact_id', '=', contactId)
      .where('account_id', '=', accountId);
    const running = await lives.where('state', '!=', 'closed').limit(1).executeTakeFirst();
    if (running) throw new AppError('wrong_state', { detail: 'A conversation with this person is not closed yet.' });

    await sql`with lives as (${lives}) update message m set text = null, author_name = null from lives where m.month = lives.month and m.interaction_id = lives.id`.execute(
      trx,
    );
    await sql`with lives as (${lives}) update call_leg c set name = null from lives
      where c.month = lives.month and c.interaction_id = lives.id and c.agent_id is null`.execute(trx);
    await trx.deleteFrom('interaction_detail').where('contact_id', '=', contactId).where('account_id', '=', accountId).execute();
    await sql`with lives as (${lives}) delete from rejected_entry r using lives where r.account_id = ${accountId} and position(lives.id in r.body) > 0`.execute(
      trx,
    );
    const files = await sql<{
      id: FileId;
    }>`with lives as (${lives}) update file f set name = null, deleted_at = coalesce(f.deleted_at, now()) from lives
      where f.interaction_id = lives.id and f.account_id = ${accountId} returning f.id`.execute(trx);
    await trx.updateTable('contact').set({ name: '', email: '', erased_at: new Date() }).where('id', '=', contactId).execute();
    await record(trx);
    return files.rows.map(({ id }) => id);
  });
}
