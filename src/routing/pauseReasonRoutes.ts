/** RTE-7: the account's pause reasons: add, rename, move, switch off and on, delete. Agents read those that are on. */
import { sql } from 'kysely';
import { z } from 'zod';
import { actorOf, differences, writeAudit } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { etag, idParam, noContent, requireVersion, seenVersionOf } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { accountOf } from '../auth/principal.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { isDuplicate } from '../db/database.ts';
import { changeConfig } from './changeConfig.ts';
import { nameKey } from './nameKey.ts';
import { pauseReasonBody, pauseReasonChange, pauseReasonView, REASONS_PER_ACCOUNT, toPauseReasonView } from './pauseReasonFields.ts';
import { listPauseReasons, readPauseReason, requireOwnReason } from './pauseReasons.ts';

const tag = 'Pause reasons';

export function pauseReasonRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/pause-reasons',
      summary: 'All pause reasons in their order',
      tag,
      action: 'pauseReasons.read',
      answers: { 200: z.object({ items: z.array(pauseReasonView) }) },
      handler: async (request) => {
        const rows = await listPauseReasons(db, accountOf(request.principal));
        return { status: 200, body: { items: rows.map(toPauseReasonView) } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/pause-reasons',
      summary: 'Add a pause reason, last unless said otherwise',
      tag,
      action: 'pauseReasons.manage',
      isIdempotent: true,
      body: pauseReasonBody,
      answers: { 201: pauseReasonView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { name, isEnabled = true } = request.body;
        requireOwnReason(name);
        const id = newId('pauseReason');
        const row = await changeConfig(deps, accountId, async (trx, changes) => {
          const present = await listPauseReasons(trx, accountId);
          if (present.length >= REASONS_PER_ACCOUNT)
            throw new AppError('wrong_state', { detail: `At most ${REASONS_PER_ACCOUNT} pause reasons.` });
          const last = present.at(-1)?.position ?? -1;
          const position = request.body.position ?? Math.min(last + 1, 10_000);
          const row = await trx
            .insertInto('pause_reason')
            .values({ id, account_id: accountId, name, name_key: nameKey(name), is_enabled: isEnabled, position })
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('account', accountId);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'pause_reason.created',
            target: { kind: 'pause_reason', id },
            detail: { name, isEnabled, position },
          });
          return row;
        }).catch(refuseSameName);
        return { status: 201, headers: { ...etag(row.version), location: `/api/v1/pause-reasons/${id}` }, body: toPauseReasonView(row) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/pause-reasons/:id',
      summary: 'One pause reason',
      tag,
      action: 'pauseReasons.read',
      params: idParam,
      answers: { 200: pauseReasonView },
      handler: async (request) => {
        const row = await readPauseReason(db, accountOf(request.principal), request.params.id);
        return { status: 200, headers: etag(row.version), body: toPauseReasonView(row) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/pause-reasons/:id',
      summary: 'Rename, move, switch off or on',
      tag,
      action: 'pauseReasons.manage',
      params: idParam,
      body: pauseReasonChange,
      answers: { 200: pauseReasonView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { name, isEnabled, position } = request.body;
        if (name !== undefined) requireOwnReason(name);
        const after = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readPauseReason(trx, accountId, id);
          requireVersion(before.version, seen);
          const after = await trx
            .updateTable('pause_reason')
            .set({
              name,
              name_key: name === undefined ? undefined : nameKey(name),
              is_enabled: isEnabled,
              position,
              version: sql`version + 1`,
              updated_at: sql`now()`,
            })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          changes.touch('account', accountId);
          const { version: _, ...settings } = toPauseReasonView(after);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'pause_reason.changed',
            target: { kind: 'pause_reason', id },
            detail: differences(toPauseReasonView(before), settings),
          });
          return after;
        }).catch(refuseSameName);
        return { status: 200, headers: etag(after.version), body: toPauseReasonView(after) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/pause-reasons/:id',
      summary: 'Delete a pause reason; who is paused with it stays so, and history keeps its name',
      tag,
      action: 'pauseReasons.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const { name } = await readPauseReason(trx, accountId, id);
          await trx.deleteFrom('pause_reason').where('id', '=', id).where('account_id', '=', accountId).execute();
          changes.touch('account', accountId);
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'pause_reason.deleted',
            target: { kind: 'pause_reason', id },
            detail: { name },
          });
        });
        return { status: 204 };
      },
    }),
  ];
}

function refuseSameName(error: unknown): never {
  if (isDuplicate(error, 'pause_reason_name'))
    throw new AppError('conflict', { detail: 'A pause reason of this name exists already.', cause: error });
  throw error;
}
