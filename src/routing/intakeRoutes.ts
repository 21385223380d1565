/**
 * Interactions by API: begun by programs and by those who supervise a queue, their place while they wait (RTE-9) and their priority (RTE-1).
 * The client's presence is not watched, as no socket or call stands behind it.
 */

import type { Scope } from '../../queues/engine.ts';
import { actorOf, writeAuditOrLog } from '../accounts/audit.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { idParam } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { type Action, can, type Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError, type FieldError } from '../base/errors.ts';
import { type ContactId, type GroupId, type InteractionId, isId, type QueueId } from '../base/ids.ts';
import { settled } from '../gateway/commandRefused.ts';
import { type InteractionView, interactionView } from '../protocol/views.ts';
import { callersKey, contactOf } from './contacts.ts';
import { newInteractionBody, placeView, priorityBody } from './interactionFields.ts';
import { wrongNeeds } from './skills.ts';

const tag = 'Interactions';

export function intakeRoutes(deps: AccessDeps): Route[] {
  const { db, engine } = deps;

  /** @throws AppError not_found, also for one of a queue where the principal may not do this */
  async function reached(principal: Principal, id: string, action: Action): Promise<{ scope: Scope; view: InteractionView }> {
    const scope = await scopeOf(deps, accountOf(principal));
    const view = isId('interaction', id) ? await engine.views.interaction(scope, id) : undefined;
    if (!view || !can(principal, action, { kind: 'queue', accountId: scope.accountId, queueId: view.queue }))
      throw new AppError('not_found');
    return { scope, view };
  }

  return [
    route({
      method: 'POST',
      path: '/api/v1/interactions',
      summary: 'Begin an interaction: it waits in the queue, or is offered at once. Its key again gives the same one with 200',
      tag,
      action: 'interactions.create',
      isIdempotent: true,
      body: newInteractionBody,
      answers: { 201: interactionView, 200: interactionView },
      handler: async (request) => {
        const { principal, body } = request;
        const accountId = accountOf(principal);
        const scope = await scopeOf(deps, accountId);
        const queueId = body.queueId as QueueId;
        const queue = await engine.config.queue(scope, queueId);
        const fields: FieldError[] = [];
        const mayHere = can(principal, 'interactions.create', { kind: 'queue', accountId, queueId });
        if (!queue || !mayHere) fields.push({ path: 'queueId', message: 'there is no such queue' });
        else if (!queue.isActive) fields.push({ path: 'queueId', message: 'the queue is switched off' });
        if (body.groupId && !(await isGroup(body.groupId, accountId))) fields.push({ path: 'groupId', message: 'there is no such group' });
        fields.push(...(await wrongNeeds(db, accountId, 'required', body.required)));
        fields.push(...(await wrongNeeds(db, accountId, 'preferred', body.preferred)));
        const contactId = await contactOf(deps, scope, principal, body);
        if (!contactId) fields.push({ path: 'contact.id', message: 'there is no such contact' });
        if (fields.length > 0) throw new AppError('invalid', { fields });
        const started = settled(
          await engine.router.startInteraction(scope, {
            queueId,
            groupId: (body.groupId ?? '') as GroupId,
            contactId: contactId as ContactId,
            key: callersKey(scope, principal, body.key),
            name: body.contact.name,
            email: body.contact.email ?? '',
            language: body.language,
            page: '',
            userAgent: '',
            text: body.text ?? '',
            connectionId: '',
            required: body.required,
            preferred: body.preferred,
            priority: body.priority,
            ...(body.medium && { medium: body.medium }),
          }),
        );
        const location = `/api/v1/interactions/${started.interaction.id}`;
        return { status: started.isRepeat ? 200 : 201, headers: { location }, body: started.interaction };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id/place',
      summary: 'Position in the queue and estimated wait (RTE-9)',
      tag,
      action: 'conversation.read',
      params: idParam,
      answers: { 200: placeView },
      handler: async (request) => {
        const { scope, view } = await reached(request.principal, request.params.id, 'conversation.read');
        const place = await engine.views.place(scope, view.id as InteractionId);
        if (!place) throw new AppError('wrong_state', { detail: 'It does not wait.' });
        const { position, estimatedWaitMs } = place;
        return { status: 200, body: estimatedWaitMs === undefined ? { position } : { position, estimatedWaitMs } };
      },
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/interactions/:id',
      summary: 'Give a waiting interaction another priority; it keeps its start (RTE-1)',
      tag,
      action: 'conversation.supervise',
      params: idParam,
      body: priorityBody,
      answers: { 200: interactionView },
      handler: async (request) => {
        const { scope, view } = await reached(request.principal, request.params.id, 'conversation.supervise');
        const interactionId = view.id as InteractionId;
        const { priority } = request.body;
        settled(await engine.router.prioritizeInteraction(scope, { interactionId, priority }));
        await writeAuditOrLog(deps, {
          accountId: scope.accountId,
          actor: actorOf(request),
          action: 'interaction.prioritized',
          target: { kind: 'interaction', id: interactionId },
          detail: { priority: [view.priority, priority] },
        });
        const after = await engine.views.interaction(scope, interactionId);
        if (!after) throw new AppError('gone');
        return { status: 200, body: after };
      },
    }),
  ];

  async function isGroup(id: string, accountId: string): Promise<boolean> {
    const row = await db
      .selectFrom('chat_group')
      .select('id')
      .where('id', '=', id)
      .where('account_id', '=', accountId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    return row !== undefined;
  }
}
