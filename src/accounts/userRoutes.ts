/**
 * Changing the account's people (ACC-2, ACC-4): invite, change, renew the invitation, switch a lost second factor off, remove.
 * Whatever changes the rights of a person reaches the open sessions at once.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { displayName, etag, idParam, noContent, requireVersion, seenVersion, seenVersionOf, time } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { createInvitation, invitationPath, type NewInvitation } from '../auth/invitations.ts';
import { accountOf } from '../auth/principal.ts';
import { publicUrlOf } from '../auth/publicUrl.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { isDuplicate } from '../db/database.ts';
import { deletePhonesOf, touchPhonesOf } from '../phones/phones.ts';
import { changeConfig } from '../routing/changeConfig.ts';
import { addMember } from '../routing/members.ts';
import { mayMore, requireMayAppoint, requireMayChange, requireNotSelf, requireSuperAdminLeft } from './appointments.ts';
import { type Actor, actorOf, differences, writeAudit } from './audit.ts';
import type { AccessDeps } from './deps.ts';
import {
  accountRole,
  activeSuperAdmins,
  mediaColumns,
  mediaFields,
  queueRole,
  readUser,
  toUserView,
  userSettings,
  userView,
} from './users.ts';

const tag = 'Users';
const invitationView = z.object({ url: z.string().describe('Give it to the person; shown once'), expiresAt: time });
const userChange = z.strictObject({
  name: displayName.optional(),
  role: accountRole.optional(),
  status: z.enum(['active', 'inactive']).optional().describe('Inactive: cannot sign in; open sessions end'),
  ...z.object(mediaFields).partial().shape,
  version: seenVersion,
});

export function userRoutes(deps: AccessDeps): Route[] {
  const { db } = deps;
  type Headers = { readonly header: (name: string) => string | undefined };
  const showInvitation = ({ token, expiresAt }: NewInvitation, request: Headers) => ({
    url: publicUrlOf(deps.publicUrl, request) + invitationPath(token),
    expiresAt: expiresAt.getTime(),
  });

  return [
    route({
      method: 'POST',
      path: '/api/v1/users',
      summary: 'Invite a person',
      tag,
      action: 'users.manage',
      isIdempotent: true,
      body: z.strictObject({
        email: z
          .email()
          .max(200)
          .transform((text) => text.toLowerCase()),
        name: displayName,
        role: accountRole.default('member'),
        ...z.object(mediaFields).partial().shape,
        queues: z
          .array(z.strictObject({ id: z.string().max(40), role: queueRole }))
          .max(200)
          .default([]),
      }),
      answers: { 201: z.object({ user: userView, invitation: invitationView }) },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { email, name, role, queues } = request.body;
        requireMayAppoint(request.principal, role);
        const actor = actorOf(request);
        const userId = newId('user');
        const created = await changeConfig(deps, accountId, async (trx, changes) => {
          const row = await trx
            .insertInto('app_user')
            .values({ id: userId, account_id: accountId, email, name, role, ...mediaColumns(request.body) })
            .returningAll()
            .executeTakeFirstOrThrow();
          for (const queue of queues) await addMember(trx, { accountId, queueId: queue.id, userId, role: queue.role });
          changes.touch('agent', userId);
          const invitation = await createInvitation(trx, { accountId, userId, createdBy: actor.id });
          await writeAudit(trx, {
            accountId,
            actor,
            action: 'user.invited',
            target: { kind: 'user', id: userId },
            detail: { email, role, queues },
          });
          return { user: await toUserView(trx, row), invitation };
        }).catch((error: unknown) => {
          if (isDuplicate(error, 'app_user_email'))
            throw new AppError('conflict', { detail: 'Somebody with this e-mail exists already.', cause: error });
          throw error;
        });
        return { status: 201, body: { user: created.user, invitation: showInvitation(created.invitation, request) } };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/users/:id',
      summary: 'Change name, role, status, or what may be held at once (RTE-5)',
      tag,
      action: 'users.manage',
      params: idParam,
      body: userChange,
      answers: { 200: userView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const seen = seenVersionOf(request);
        const { version: _, ...change } = request.body;
        const view = await changeConfig(deps, accountId, async (trx, changes) => {
          const before = await readUser(trx, accountId, id);
          requireMayChange(request.principal, before);
          requireVersion(before.version, seen);
          if (change.role !== undefined) requireMayAppoint(request.principal, change.role);
          if (change.status !== undefined && before.status === 'invited')
            throw new AppError('wrong_state', { detail: 'The invitation is still open.' });
          if (change.status === 'inactive') requireNotSelf(request.principal, before);
          const leaves = (change.role !== undefined && change.role !== before.role) || change.status === 'inactive';
          if (leaves) requireSuperAdminLeft(before, await activeSuperAdmins(trx, accountId));
          const after = await trx
            .updateTable('app_user')
            .set({
              name: change.name,
              role: change.role,
              status: change.status,
              ...mediaColumns(change),
              version: sql`version + 1`,
              updated_at: sql`now()`,
            })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .returningAll()
            .executeTakeFirstOrThrow();
          // A link that somebody else was given chooses the password of what the person was, not of what the person becomes.
          if (change.role !== undefined && mayMore(change.role, before.role))
            await trx
              .deleteFrom('invitation')
              .where('user_id', '=', id)
              .where('used_at', 'is', null)
              .where('created_by', '!=', actorOf(request).id)
              .execute();
          changes.touch('agent', id);
          if (after.status !== before.status) await touchPhonesOf(trx, changes, accountId, id);
          changes.rights(id, { reason: 'user.changed' });
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'user.changed',
            target: { kind: 'user', id },
            detail: differences(userSettings(before), userSettings(after)),
          });
          return toUserView(trx, after);
        });
        return { status: 200, headers: etag(view.version), body: view };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/users/:id/invitation',
      summary: 'A new link to choose the password; earlier links are void',
      tag,
      action: 'users.manage',
      isIdempotent: true,
      params: idParam,
      answers: { 201: invitationView },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        const actor: Actor = actorOf(request);
        const invitation = await db.transaction().execute(async (trx) => {
          const target = await readUser(trx, accountId, id);
          requireMayChange(request.principal, target);
          if (target.status === 'inactive') throw new AppError('wrong_state', { detail: 'Switch the person on first.' });
          await writeAudit(trx, { accountId, actor, action: 'user.invitation_renewed', target: { kind: 'user', id } });
          return createInvitation(trx, { accountId, userId: id, createdBy: actor.id });
        });
        return { status: 201, body: showInvitation(invitation, request) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/users/:id/second-factor',
      summary: 'Switch the second factor of somebody who lost it off',
      tag,
      action: 'users.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await db.transaction().execute(async (trx) => {
          const target = await readUser(trx, accountId, id);
          requireMayChange(request.principal, target);
          requireNotSelf(request.principal, target);
          await trx
            .updateTable('app_user')
            .set({ is_totp_enabled: false, totp_secret: null })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          await trx.deleteFrom('recovery_code').where('user_id', '=', id).execute();
          await writeAudit(trx, { accountId, actor: actorOf(request), action: 'second_factor.disabled', target: { kind: 'user', id } });
        });
        return { status: 204 };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/users/:id',
      summary: 'Remove a person; open sessions end, history keeps the name',
      tag,
      action: 'users.manage',
      params: idParam,
      answers: { 204: noContent },
      handler: async (request) => {
        const accountId = accountOf(request.principal);
        const { id } = request.params;
        await changeConfig(deps, accountId, async (trx, changes) => {
          const target = await readUser(trx, accountId, id);
          requireMayChange(request.principal, target);
          requireNotSelf(request.principal, target);
          requireSuperAdminLeft(target, await activeSuperAdmins(trx, accountId));
          for (const table of ['queue_member', 'agent_skill', 'recovery_code', 'identity', 'invitation'] as const)
            await trx.deleteFrom(table).where('user_id', '=', id).execute();
          await trx
            .updateTable('app_user')
            .set({
              status: 'deleted',
              email: null,
              password_hash: null,
              totp_secret: null,
              is_totp_enabled: false,
              version: sql`version + 1`,
              updated_at: sql`now()`,
            })
            .where('id', '=', id)
            .where('account_id', '=', accountId)
            .execute();
          await deletePhonesOf(trx, changes, accountId, id);
          changes.touch('agent', id);
          changes.rights(id, { reason: 'user.deleted' });
          await writeAudit(trx, {
            accountId,
            actor: actorOf(request),
            action: 'user.deleted',
            target: { kind: 'user', id },
            detail: { name: target.name },
          });
        });
        return { status: 204 };
      },
    }),
  ];
}
