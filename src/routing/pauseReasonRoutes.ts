/** RTE-7: the account's pause reasons: add, rename, move, switch off and on, delete. Agents read those that are on. */
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { idParam, noContent } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { readOwn, removeOwn, updateOwn } from '../db/ownRows.ts';
import { configured } from './configured.ts';
import { nameKey } from './nameKey.ts';
import { pauseReasonBody, pauseReasonChange, pauseReasonView, REASONS_PER_ACCOUNT, toPauseReasonView } from './pauseReasonFields.ts';
import { listPauseReasons, requireOwnReason } from './pauseReasons.ts';

const tag = 'Pause reasons';
const path = '/api/v1/pause-reasons';

export function pauseReasonRoutes(deps: AccessDeps): Route[] {
  const reasons = configured(deps, {
    kind: 'pause_reason',
    path,
    read: (db, accountId, id) => readOwn(db, 'pause_reason', accountId, id),
    view: toPauseReasonView,
    settings: ({ name, is_enabled: isEnabled, position }) => ({ name, isEnabled, position }),
    copies: (_, accountId) => [['account', accountId]],
    duplicates: { pause_reason_name: 'A pause reason of this name exists already.' },
  });
  return [
    route({
      method: 'GET',
      path,
      summary: 'All pause reasons in their order',
      tag,
      action: 'pauseReasons.read',
      answers: { 200: z.object({ items: z.array(pauseReasonView) }) },
      handler: async (request) => {
        const rows = await listPauseReasons(deps.db, accountOf(request.principal));
        return { status: 200, body: { items: rows.map(toPauseReasonView) } };
      },
    }),
    route({
      method: 'POST',
      path,
      summary: 'Add a pause reason, last unless said otherwise',
      tag,
      action: 'pauseReasons.manage',
      isIdempotent: true,
      body: pauseReasonBody,
      answers: { 201: pauseReasonView },
      handler: async (request) => {
        const { name, isEnabled = true } = request.body;
        requireOwnReason(name);
        return reasons.create(request, newId('pauseReason'), async ({ trx, accountId, id }) => {
          const present = await listPauseReasons(trx, accountId);
          if (present.length >= REASONS_PER_ACCOUNT)
            throw new AppError('wrong_state', { detail: `At most ${REASONS_PER_ACCOUNT} pause reasons.` });
          const last = present.at(-1)?.position ?? -1;
          const position = request.body.position ?? Math.min(last + 1, 10_000);
          const row = { id, account_id: accountId, name, name_key: nameKey(name), is_enabled: isEnabled, position };
          await trx.insertInto('pause_reason').values(row).execute();
          return { name, isEnabled, position };
        });
      },
    }),
    route({
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One pause reason',
      tag,
      action: 'pauseReasons.read',
      params: idParam,
      answers: { 200: pauseReasonView },
      handler: (request) => reasons.show(request),
    }),
    route({
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Rename, move, switch off or on',
      tag,
      action: 'pauseReasons.manage',
      params: idParam,
      body: pauseReasonChange,
      answers: { 200: pauseReasonView },
      handler: async (request) => {
        const { name, isEnabled, position } = request.body;
        if (name !== undefined) requireOwnReason(name);
        const name_key = name === undefined ? undefined : nameKey(name);
        return reasons.change(request, ({ trx, accountId, id }) =>
          updateOwn(trx, 'pause_reason', accountId, id, { name, name_key, is_enabled: isEnabled, position }),
        );
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Delete a pause reason; who is paused with it stays so, and history keeps its name',
      tag,
      action: 'pauseReasons.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: (request) =>
        reasons.remove(request, async ({ trx, accountId, id }, { name }) => {
          await removeOwn(trx, 'pause_reason', accountId, id);
          return { name };
        }),
    }),
  ];
}
