/** VOX-1: numbers and extensions, and the queue that each leads to. */
import { sql } from 'kysely';
import { z } from 'zod';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing } from '../accounts/users.ts';
import { etag, idParam, noContent, requireVersion, seenVersionOf } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { numberBody, numberChange, numberView, toNumberView } from './numberFields.ts';
import { nextExtension, readNumber, refuseSameNumber, requireVoiceQueue, selectNumbers } from './numbers.ts';

const tag = 'Phones';
const NUMBERS_PER_ACCOUNT = 5_000;

export function numberRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/numbers',
      summary: 'Numbers and extensions',
      tag,
      action: 'phones.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional(), queue: z.string().max(40).optional() }),
      answers: { 200: pageAnswer(numberView) },
      handler: async (request) => {
        const { limit, cursor, search, queue } = request.query;
        let query = selectNumbers(db, accountOf(request.principal));
        if (queue) query = query.where('number.queue_id', '=', queue);
        if (search)
          query = query.where(({ or, eb }) =>
            or([eb('number.number', 'like', containing(search)), eb('number.label', 'ilike', containing(search))]),
          );
        const after = readCursor(cursor, 1);
        if (after) query = query.where('number.number', '>', after[0] as string);
        const rows = await query
          .orderBy('number.number')
          .limit(limit + 1)
          .execute();
        return { status: 200, body: toPage(rows, limit, (row) => [row.number], toNumberView) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/numbers/next',
      summary: 'The next free extension',
      tag,
      action: 'phones.manage',
      answers: { 200: z.object({ number: z.string() }) },
      handler: async (request) => ({ status: 200, body: { number: await nextExtension(db, accountOf(request.principal)) } }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/numbers',
      summary: 'Add a number or an extension that leads to a voice queue',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      body: numberBody,
      answers: { 201: numberView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { number, label = '', queueId, isActive = true } = request.body;
        const id = newId('number');
        const view = await changeConfig(deps, accountId, async (trx, changes) => {
          await requireVoiceQueue(trx, accountId, queueId);
          const { count } = await trx
            .selectFrom('number')
            .select((eb) => eb.fn.countAll<number>().as('count'))
            .where('account_id', '=', accountId)
            .executeTakeFirstOrThrow();
          if (count >= NUMBERS_PER_ACCOUNT) throw new AppError('wrong_state', { detail: `At most ${NUMBERS_PER_ACCOUNT} numbers.` });
          const row = { id, account_id: accountId, number, label, queue_id: queueId, is_active: isActive };
          await trx.insertInto('number').values(row).execute();
          changes.touch('number', id);
          const detail = { number, label, queueId, isActive };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'number.created', target: { kind: 'number', id }, detail });
          return toNumberView(await readNumber(trx, accountId, id));
        }).catch(refuseSameNumber);
        return { status: 201, headers: { ...etag(view.version), location: `/api/v1/numbers/${id}` }, body: view };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/numbers/:id',
      summary: 'One number',
      tag,
      action: 'phones.read',
      params: idParam,
      answers: { 200: numberView },
      handler: async (request) => {
        const row = await readNumber(db, accountOf(request.principal), request.params.id);
        return { status: 200, headers: etag(row.version), body: toNumberView(row) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/numbers/:id',
      summary: 'Change a number, or where it leads',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: numberChange,
      answers: { 200: numberView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { number, label, queueId, isActive } = request.body;
        const view = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readNumber(trx, accountId, id);
          requireVersion(before.version, seen);
          if (queueId !== undefined) await requireVoiceQueue(trx, accountId, queueId);
          await trx
            .updateTable('number')
            .set({ number, label, queue_id: queueId, is_active: isActive, version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          changes.touch('number', id);
          const after = toNumberView(await readNumber(trx, accountId, id));
          const detail = differences(toNumberView(before), after);
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'number.changed', target: { kind: 'number', id }, detail });
          return after;
        }).catch(refuseSameNumber);
        return { status: 200, headers: etag(view.version), body: view };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/numbers/:id',
      summary: 'Remove a number; who calls it is told that it does not exist',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const { number } = await readNumber(trx, accountId, id);
          await trx.deleteFrom('number').where('id', '=', id).where('account_id', '=', accountId).execute();
          changes.touch('number', id);
          const target = { kind: 'number', id };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'number.deleted', target, detail: { number } });
        });
        return { status: 204 };
      },
    }),
  ];
}
