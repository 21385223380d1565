/**
 * Phones of agents: SIP phones that register here, and outside numbers. A password is made here, answered once and never again; a lost one is
 * replaced. Whoever registered with what stands no more is registered no more.
 */
import { z } from 'zod';
import { containing, readUser } from '../accounts/users.ts';
import { idParam, noContent, seenVersion } from '../api/fields.ts';
import { pageAnswer, pageQuery } from '../api/page.ts';
import { type Route, route } from '../api/route.ts';
import { readablePassword } from '../auth/password.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { pageByName, removeOwn, updateOwn } from '../db/ownRows.ts';
import { configured } from '../routing/configured.ts';
import { credentialsView, newCredentials, newUsername, type PhonesDeps, sealedHa1s, sipServer } from './credentials.ts';
import { nextExtension, requireFreeExtension } from './numbers.ts';
import {
  phoneBody,
  phoneChange,
  phoneView,
  readPhone,
  requireFittingNumber,
  requirePhoneRoom,
  selectPhones,
  toPhoneView,
} from './phones.ts';

const tag = 'Phones';
const path = '/api/v1/phones';
const withCredentials = z.object({ phone: phoneView, credentials: credentialsView.optional().describe('Of a SIP phone; shown once') });

export function phoneRoutes(deps: PhonesDeps): Route[] {
  const { db, engine, secretKey } = deps;
  const phones = configured(deps, {
    kind: 'phone',
    path,
    read: readPhone,
    duplicates: { phone_extension: 'Another phone has this number.' },
    view: async (row, accountId) => toPhoneView(engine, await scopeOf(deps, accountId), row),
    settings: ({ name, number, extension, is_active: isActive }) => ({ name, number, extension, isActive }),
    copies: ({ id, user_id: userId }) => [
      ['phone', id],
      ['agent', userId],
    ],
  });
  return [
    route({
      method: 'GET',
      path,
      summary: 'Phones of agents, by name, and which are registered now (RTE-4)',
      tag,
      action: 'phones.read',
      query: pageQuery.extend({ search: z.string().trim().max(100).optional(), user: z.string().max(40).optional() }),
      answers: { 200: pageAnswer(phoneView) },
      handler: async (request) => {
        const { search, user } = request.query;
        const accountId = accountOf(request.principal);
        const scope = await scopeOf(deps, accountId);
        let query = selectPhones(db, accountId);
        if (user) query = query.where('phone.user_id', '=', user);
        if (search)
          query = query.where(({ or, eb }) =>
            or([
              eb('phone.name', 'ilike', containing(search)),
              eb('app_user.name', 'ilike', containing(search)),
              eb('phone.username', 'ilike', containing(search)),
            ]),
          );
        const page = await pageByName(query, 'phone', request.query);
        return { status: 200, body: { ...page, items: await Promise.all(page.items.map((row) => toPhoneView(engine, scope, row))) } };
      },
    }),
    route({
      method: 'POST',
      path,
      summary: 'Give a person a phone',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      body: phoneBody,
      answers: { 201: withCredentials },
      handler: async (request) => {
        const { userId, name, type, number = '', extension: wanted } = request.body;
        requireFittingNumber(type, number, wanted);
        const credentials = type === 'sip' ? newCredentials(newUsername(name)) : undefined;
        const made = await phones.create(request, newId('phone'), async ({ trx, accountId, id }) => {
          await readUser(trx, accountId, userId);
          await requirePhoneRoom(trx, accountId, userId);
          const extension = type === 'sip' ? (wanted ?? (await nextExtension(trx, accountId))) : null;
          if (extension !== null) await requireFreeExtension(trx, accountId, extension, 'number');
          const registersWith = credentials && { username: credentials.username, ...sealedHa1s(secretKey, id, credentials) };
          const row = { id, account_id: accountId, user_id: userId, name, type, number, extension, ...registersWith };
          await trx.insertInto('phone').values(row).execute();
          return { userId, name, type, ...(credentials ? { username: credentials.username, extension } : { number }) };
        });
        return {
          ...made,
          body: { phone: made.body, ...(credentials && { credentials: { ...credentials, server: sipServer(deps, request) } }) },
        };
      },
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One phone',
      tag,
      action: 'phones.read',
      params: idParam,
      answers: { 200: phoneView },
      handler: (request) => phones.show(request),
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Rename a phone, change its number, switch it on or off',
      tag,
      action: 'phones.manage',
      params: idParam,
      body: phoneChange,
      answers: { 200: phoneView },
      handler: (request) =>
        phones.change(request, async ({ trx, accountId, id }, before) => {
          const { name, number, extension, isActive } = request.body;
          requireFittingNumber(before.type, number ?? before.number, extension);
          if (extension) await requireFreeExtension(trx, accountId, extension, 'number');
          await updateOwn(trx, 'phone', accountId, id, {
            name,
            number,
            extension: extension === '' ? null : extension,
            is_active: isActive,
          });
        }),
    }),
    route({
      method: 'POST',
      path: `${path}/:id/password`,
      summary: 'Replace the password of a SIP phone; the old one serves no more',
      tag,
      action: 'phones.manage',
      isIdempotent: true,
      params: idParam,
      body: z.strictObject({ version: seenVersion }),
      answers: { 200: withCredentials },
      handler: async (request) => {
        const password = readablePassword();
        const setPassword: Parameters<typeof phones.change>[1] = async ({ trx, accountId, id }, { username }) => {
          const credentials = newCredentials(requireUsername(username), password);
          await updateOwn(trx, 'phone', accountId, id, sealedHa1s(secretKey, id, credentials));
        };
        const changed = await phones.change(request, setPassword, 'phone.password_changed');
        return {
          ...changed,
          body: {
            phone: changed.body,
            credentials: { ...newCredentials(changed.body.username, password), server: sipServer(deps, request) },
          },
        };
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Take a phone away; a call that is on goes on',
      tag,
      action: 'phones.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: (request) =>
        phones.remove(request, async ({ trx, accountId, id }, { name, user_id: userId }) => {
          await removeOwn(trx, 'phone', accountId, id);
          return { name, userId };
        }),
    }),
  ];
}

/** @throws AppError wrong_state */
function requireUsername(username: string | null): string {
  if (username === null) throw new AppError('wrong_state', { detail: 'An outside number has no password.' });
  return username;
}
