/** VOX-1: numbers and extensions, and the queue that each leads to. */
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing } from '../accounts/users.ts';
import { idParam, noContent } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { newId } from '../base/ids.ts';
import { removeOwn, requireRoom, updateOwn } from '../db/ownRows.ts';
import { configured } from '../routing/configured.ts';
import { numberBody, numberChange, numberView, toNumberView } from './numberFields.ts';
import { nextExtension, readNumber, requireFreeExtension, requireVoiceQueue, selectNumbers } from './numbers.ts';

const tag = 'Phones';
const path = '/api/v1/numbers';
const NUMBERS_PER_ACCOUNT = 5_000;

export function numberRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  const numbers = configured(deps, {
    kind: 'number',
    path,
    read: readNumber,
    view: toNumberView,
    settings: toNumberView,
    copies: ({ id }) => [['number', id]],
    duplicates: { number_account: 'The account has this number already.', number_world: 'Another account has this number.' },
  });
  return [
    route({
      method: 'GET',
      path,
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
      path: `${path}/next`,
      summary: 'The next free extension',
      tag,
      action: 'phones.manage',
      answers: { 200: z.object({ number: z.string() }) },
      handler: async (request) => ({ status: 200, body: { number: await nextExtension(db, accountOf(request.principal)) } }),
    }),
    route({
      method: 'POST',
      path,
      summary: 'Add a number or an extension that leads to a voice queue',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      body: numberBody,
      answers: { 201: numberView },
      handler: (request) =>
        numbers.create(request, newId('number'), async ({ trx, accountId, id }) => {
          const { number, label = '', queueId, isActive = true } = request.body;
          await requireVoiceQueue(trx, accountId, queueId);
          await requireFreeExtension(trx, accountId, number, 'phone');
          await requireRoom(trx, 'number', accountId, NUMBERS_PER_ACCOUNT, 'numbers');
          const row = { id, account_id: accountId, number, label, queue_id: queueId, is_active: isActive };
          await trx.insertInto('number').values(row).execute();
          return { number, label, queueId, isActive };
        }),
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One number',
      tag,
      action: 'phones.read',
      params: idParam,
      answers: { 200: numberView },
      handler: (request) => numbers.show(request),
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Change a number, or where it leads',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: numberChange,
      answers: { 200: numberView },
      handler: (request) =>
        numbers.change(request, async ({ trx, accountId, id }) => {
          const { number, label, queueId, isActive } = request.body;
          if (queueId !== undefined) await requireVoiceQueue(trx, accountId, queueId);
          if (number !== undefined) await requireFreeExtension(trx, accountId, number, 'phone');
          await updateOwn(trx, 'number', accountId, id, { number, label, queue_id: queueId, is_active: isActive });
        }),
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Remove a number; who calls it is told that it does not exist',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: (request) =>
        numbers.remove(request, async ({ trx, accountId, id }, { number }) => {
          await removeOwn(trx, 'number', accountId, id);
          return { number };
        }),
    }),
  ];
}
