/** VOX-3: music and announcements of the account, uploaded as WAV, for queues to play. */
import type { Selectable } from 'kysely';
import { z } from 'zod';
import { MAX_SOUND_BYTES } from '../../sip/rtp/wav.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { displayName, idParam, noContent, seenVersion, time, version } from '../api/fields.ts';
import { pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { pageByName, readOwn, removeOwn, requireRoom, updateOwn } from '../db/ownRows.ts';
import type { SoundTable } from '../db/tables.ts';
import { configured } from '../routing/configured.ts';
import { queuesPlaying } from './queueSounds.ts';
import type { SoundFiles } from './soundFiles.ts';

const tag = 'Phones';
const path = '/api/v1/sounds';
const SOUNDS_PER_ACCOUNT = 200;
const UPLOADS_PER_MINUTE = 10;
const soundView = z.object({ id: z.string(), name: displayName, durationMs: z.number().int(), version, createdAt: time });

export function soundRoutes(deps: AccessDeps, files: SoundFiles): Route[] {
  const { db } = deps;
  const sounds = configured(deps, {
    kind: 'sound',
    path,
    read: (db, accountId, id) => readOwn(db, 'sound', accountId, id),
    view: toView,
    settings: ({ name }) => ({ name }),
  });
  return [
    route({
      method: 'GET',
      path,
      summary: 'Music and announcements, by name',
      tag,
      action: 'phones.read',
      query: pageQuery,
      answers: { 200: pageAnswer(soundView) },
      handler: async (request) => {
        const query = db.selectFrom('sound').selectAll().where('account_id', '=', accountOf(request.principal));
        const page = await pageByName(query, 'sound', request.query);
        return { status: 200, body: { ...page, items: page.items.map(toView) } };
      },
    }),
    route({
      method: 'POST',
      path,
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
          return await sounds.create(request, id, async ({ trx, accountId, id }) => {
            await requireRoom(trx, 'sound', accountId, SOUNDS_PER_ACCOUNT, 'sounds');
            await trx.insertInto('sound').values({ id, account_id: accountId, name, duration_ms: durationMs }).execute();
            return { name, durationMs };
          });
        } catch (error) {
          await files.remove(accountId, id);
          throw error;
        }
      },
    }),
    route({
      method: 'GET',
      path: `${path}/:id/audio`,
      summary: 'The sound as phones hear it',
      tag,
      action: 'phones.read',
      params: idParam,
      answers: { 200: { contentType: 'audio/wav', description: '16-bit 8 kHz mono' } },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = await readOwn(db, 'sound', accountId, request.params.id);
        const file = await files.find(accountId, id);
        if (!file) throw new AppError('gone');
        const headers = { 'content-type': 'audio/wav', 'x-content-type-options': 'nosniff', 'cache-control': 'private, max-age=3600' };
        return { status: 200, headers, file };
      },
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Rename a sound',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: z.strictObject({ name: displayName, version: seenVersion }),
      answers: { 200: soundView },
      handler: (request) =>
        sounds.change(request, ({ trx, accountId, id }) => updateOwn(trx, 'sound', accountId, id, { name: request.body.name })),
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Delete a sound that no queue plays',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const removed = await sounds.remove(request, async ({ trx }, { name }) => {
          const queues = await queuesPlaying(trx, accountId, id);
          if (queues.length > 0) throw new AppError('wrong_state', { detail: `Queues play this sound: ${queues.join(', ')}.` });
          await removeOwn(trx, 'sound', accountId, id);
          return { name };
        });
        await files.remove(accountId, id);
        return removed;
      },
    }),
  ];
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
