/** VOX-3: music and announcements of the account, uploaded as WAV, for queues to play. */
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import { MAX_SOUND_BYTES } from '../../sip/rtp/wav.ts';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { lowerName } from '../accounts/users.ts';
import { displayName, etag, idParam, noContent, requireVersion, seenVersion, seenVersionOf, time, version } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { SoundTable, Tables } from '../db/tables.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { queuesPlaying } from './queueSounds.ts';
import type { SoundFiles } from './soundFiles.ts';

const tag = 'Phones';
const SOUNDS_PER_ACCOUNT = 200;
const UPLOADS_PER_MINUTE = 10;
const soundView = z.object({ id: z.string(), name: displayName, durationMs: z.number().int(), version, createdAt: time });

export function soundRoutes(deps: AccessDeps, files: SoundFiles): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/sounds',
      summary: 'Music and announcements, by name',
      tag,
      action: 'phones.read',
      query: pageQuery,
      answers: { 200: pageAnswer(soundView) },
      handler: async (request) => {
        const { limit, cursor } = request.query;
        let query = db
          .selectFrom('sound')
          .selectAll()
          .select(lowerName.as('sort_name'))
          .where('account_id', '=', accountOf(request.principal));
        const after = readCursor(cursor, 2);
        if (after) query = query.where(sql<boolean>`(lower(name), id) > (${after[0]}, ${after[1]})`);
        const rows = await query
          .orderBy(lowerName)
          .orderBy('id')
          .limit(limit + 1)
          .execute();
        return { status: 200, body: toPage(rows, limit, (row) => [row.sort_name, row.id], toView) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/sounds',
      summary: 'Upload a sound as WAV; it is converted to what phones hear',
      tag,
      action: 'phones.manage',
      headers: z.object({ 'X-File-Name': z.string().describe('What it is called, percent-encoded UTF-8') }),
      bodyKind: 'bytes',
      maxBytes: MAX_SOUND_BYTES,
      perMinute: UPLOADS_PER_MINUTE,
      isIdempotent: true,
      answers: { 201: soundView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const name = nameOf(request.header('x-file-name'));
        const id = newId('sound');
        // The file first: a row always has its file. One whose row is refused goes again.
        const { durationMs } = await files.put(accountId, id, request.bytes);
        try {
          const row = await changeConfig(deps, accountId, async (trx) => {
            const { count } = await trx
              .selectFrom('sound')
              .select((eb) => eb.fn.countAll<number>().as('count'))
              .where('account_id', '=', accountId)
              .executeTakeFirstOrThrow();
            if (count >= SOUNDS_PER_ACCOUNT) throw new AppError('wrong_state', { detail: `At most ${SOUNDS_PER_ACCOUNT} sounds.` });
            const row = await trx
              .insertInto('sound')
              .values({ id, account_id: accountId, name, duration_ms: durationMs })
              .returningAll()
              .executeTakeFirstOrThrow();
            const detail = { name, durationMs };
            await writeAudit(trx, { accountId, actor: actorOf(request), action: 'sound.created', target: { kind: 'sound', id }, detail });
            return row;
          });
          return { status: 201, headers: { ...etag(row.version), location: `/api/v1/sounds/${id}` }, body: toView(row) };
        } catch (error) {
          await files.remove(accountId, id);
          throw error;
        }
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/sounds/:id/audio',
      summary: 'The sound as phones hear it',
      tag,
      action: 'phones.read',
      params: idParam,
      answers: { 200: { contentType: 'audio/wav', description: '16-bit 8 kHz mono' } },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = await readSound(db, accountId, request.params.id);
        const file = await files.find(accountId, id);
        if (!file) throw new AppError('gone');
        const headers = { 'content-type': 'audio/wav', 'x-content-type-options': 'nosniff', 'cache-control': 'private, max-age=3600' };
        return { status: 200, headers, file };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/sounds/:id',
      summary: 'Rename a sound',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: z.strictObject({ name: displayName, version: seenVersion }),
      answers: { 200: soundView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { name } = request.body;
        const row = await changeConfig(deps, accountId, async (trx) => {
          const before = await readSound(trx, accountId, id);
          requireVersion(before.version, seen);
          const detail = differences({ name: before.name }, { name });
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'sound.changed', target: { kind: 'sound', id }, detail });
          return trx
            .updateTable('sound')
            .set({ name, version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
        });
        return { status: 200, headers: etag(row.version), body: toView(row) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/sounds/:id',
      summary: 'Delete a sound that no queue plays',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx) => {
          const { name } = await readSound(trx, accountId, id);
          const queues = await queuesPlaying(trx, accountId, id);
          if (queues.length > 0) throw new AppError('wrong_state', { detail: `Queues play this sound: ${queues.join(', ')}.` });
          await trx.deleteFrom('sound').where('id', '=', id).where('account_id', '=', accountId).execute();
          const target = { kind: 'sound', id };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'sound.deleted', target, detail: { name } });
        });
        await files.remove(accountId, id);
        return { status: 204 };
      },
    }),
  ];
}

/** @throws AppError not_found, also for a sound of another account */
async function readSound(db: Kysely<Tables>, accountId: string, id: string): Promise<Selectable<SoundTable>> {
  const row = await db.selectFrom('sound').selectAll().where('id', '=', id).where('account_id', '=', accountId).executeTakeFirst();
  if (!row) throw new AppError('not_found');
  return row;
}

function toView(row: Selectable<SoundTable>): z.infer<typeof soundView> {
  return { id: row.id, name: row.name, durationMs: row.duration_ms, version: row.version, createdAt: row.created_at.getTime() };
}

/** Without the ending that says what it was. @throws AppError bad_request, invalid */
function nameOf(header = ''): string {
  let text: string;
  try {
    text = decodeURIComponent(header);
  } catch (error) {
    if (error instanceof URIError) throw new AppError('bad_request', { detail: 'X-File-Name must be percent-encoded UTF-8.' });
    throw error;
  }
  const name = displayName.safeParse(
    text
      .replace(/\.wav$/i, '')
      .replace(/[\p{Cc}\p{Cf}]/gu, '')
      .slice(0, 100),
  );
  if (!name.success) throw new AppError('bad_request', { detail: 'X-File-Name: what it is called.' });
  return name.data;
}
