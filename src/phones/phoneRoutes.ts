/**
 * Phones of agents: SIP phones that register here, and outside numbers. A password is made here, answered once and never again; a lost one is
 * replaced. Whoever registered with what stands no more is registered no more.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { containing, readUser } from '../accounts/users.ts';
import { etag, idParam, noContent, requireVersion, seenVersion, seenVersionOf } from '../api/fields.ts';
import { pageAnswer, pageQuery, readCursor, toPage } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { credentialsView, newCredentials, newUsername, sealedHa1s } from './credentials.ts';
import { phoneBody, phoneChange, phoneView, readPhone, requireFittingNumber, requireRoom, selectPhones, toPhoneView } from './phones.ts';

const tag = 'Phones';
const withCredentials = z.object({ phone: phoneView, credentials: credentialsView.optional().describe('Of a SIP phone; shown once') });
const sortName = sql<string>`lower(phone.name)`;

export function phoneRoutes(deps: AccessDeps): Route[] {
  const { db, engine, secretKey } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/phones',
      summary: 'Phones of agents, by name, and which are registered now (RTE-4)',
      tag,
      action: 'phones.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional(), user: z.string().max(40).optional() }),
      answers: { 200: pageAnswer(phoneView) },
      handler: async (request) => {
        const { limit, cursor, search, user } = request.query;
        const accountId = accountOf(request.principal);
        const scope = await scopeOf(deps, accountId);
        let query = selectPhones(db, accountId).select(sortName.as('sort_name'));
        if (user) query = query.where('phone.user_id', '=', user);
        if (search)
          query = query.where(({ or, eb }) =>
            or([
              eb('phone.name', 'ilike', containing(search)),
              eb('app_user.name', 'ilike', containing(search)),
              eb('phone.username', 'ilike', containing(search)),
            ]),
          );
        const after = readCursor(cursor, 2);
        if (after) query = query.where(sql<boolean>`(lower(phone.name), phone.id) > (${after[0]}, ${after[1]})`);
        const rows = await query
          .orderBy(sortName)
          .orderBy('phone.id')
          .limit(limit + 1)
          .execute();
        const page = toPage(
          rows,
          limit,
          (row) => [row.sort_name, row.id],
          (row) => toPhoneView(engine, scope, row),
        );
        return { status: 200, body: { ...page, items: await Promise.all(page.items) } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/phones',
      summary: 'Give a person a phone',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      body: phoneBody,
      answers: { 201: withCredentials },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const scope = await scopeOf(deps, accountId);
        const { userId, name, type, number = '' } = request.body;
        requireFittingNumber(type, number);
        const id = newId('phone');
        const credentials = type === 'sip' ? newCredentials(newUsername(name)) : undefined;
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          await readUser(trx, accountId, userId);
          await requireRoom(trx, accountId, userId);
          await trx
            .insertInto('phone')
            .values({
              id,
              account_id: accountId,
              user_id: userId,
              name,
              type,
              number,
              ...(credentials && { username: credentials.username, ...sealedHa1s(secretKey, id, credentials) }),
            })
            .execute();
          changes.touch('phone', id);
          changes.touch('agent', userId);
          const detail = { userId, name, type, ...(credentials ? { username: credentials.username } : { number }) };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'phone.created', target: { kind: 'phone', id }, detail });
          return readPhone(trx, accountId, id);
        });
        const phone = await toPhoneView(engine, scope, row);
        const headers = { ...etag(phone.version), location: `/api/v1/phones/${id}` };
        return { status: 201, headers, body: { phone, ...(credentials && { credentials }) } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/phones/:id',
      summary: 'One phone',
      tag,
      action: 'phones.read',
      params: idParam,
      answers: { 200: phoneView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const row = await readPhone(db, accountId, request.params.id);
        return { status: 200, headers: etag(row.version), body: await toPhoneView(engine, await scopeOf(deps, accountId), row) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/phones/:id',
      summary: 'Rename a phone, change its number, switch it on or off',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: phoneChange,
      answers: { 200: phoneView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const scope = await scopeOf(deps, accountId);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { name, number, isActive } = request.body;
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readPhone(trx, accountId, id);
          requireVersion(before.version, seen);
          requireFittingNumber(before.type, number ?? before.number);
          await trx
            .updateTable('phone')
            .set({ name, number, is_active: isActive, version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          changes.touch('phone', id);
          changes.touch('agent', before.user_id);
          const after = await readPhone(trx, accountId, id);
          const shown = ({ name, number, is_active: isActive }: typeof after) => ({ name, number, isActive });
          const detail = differences(shown(before), shown(after));
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'phone.changed', target: { kind: 'phone', id }, detail });
          return after;
        });
        return { status: 200, headers: etag(row.version), body: await toPhoneView(engine, scope, row) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/phones/:id/password',
      summary: 'Replace the password of a SIP phone; the old one serves no more',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      params: idParam,
      body: z.strictObject({ version: seenVersion }),
      answers: { 200: withCredentials },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const scope = await scopeOf(deps, accountId);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { row, credentials } = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readPhone(trx, accountId, id);
          requireVersion(before.version, seen);
          const credentials = newCredentials(requireUsername(before.username));
          await trx
            .updateTable('phone')
            .set({ ...sealedHa1s(secretKey, id, credentials), version: sql`version + 1`, updated_at: sql`now()` })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          changes.touch('phone', id);
          const target = { kind: 'phone', id };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'phone.password_changed', target });
          return { row: await readPhone(trx, accountId, id), credentials };
        });
        return { status: 200, headers: etag(row.version), body: { phone: await toPhoneView(engine, scope, row), credentials } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/phones/:id',
      summary: 'Take a phone away; a call that is on goes on',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const { name, user_id: userId } = await readPhone(trx, accountId, id);
          await trx.deleteFrom('phone').where('id', '=', id).where('account_id', '=', accountId).execute();
          changes.touch('phone', id);
          changes.touch('agent', userId);
          const target = { kind: 'phone', id };
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'phone.deleted', target, detail: { name, userId } });
        });
        return { status: 204 };
      },
    }),
  ];
}

/** @throws AppError wrong_state */
function requireUsername(username: string | null): string {
  if (username === null) throw new AppError('wrong_state', { detail: 'An outside number has no password.' });
  return username;
}
