/** Video rooms by REST: how one stands, and opening, declining or closing it. Entering takes a socket, as media do. */
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { idParam } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { can, type Principal } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { seenInteraction } from '../history/interactionRequest.ts';
import { key } from '../protocol/common.ts';
import { roomView, videoCommand } from '../protocol/video.ts';
import type { InteractionView } from '../protocol/views.ts';
import { actInRoom, type RoomMember } from './commands.ts';

const BY_REST = ['open', 'decline', 'close'] as const;
const commandBody = z.strictObject({
  command: z.discriminatedUnion('do', [
    videoCommand.options[0].describe('Asks the visitor in (VID-2)'),
    videoCommand.options[1].describe('Takes the invitation back, or refuses it'),
    videoCommand.options[2].describe('For everybody: back to chat'),
  ]),
  key: key.optional().describe('Once per intent: the same key again changes nothing more. Or send Idempotency-Key'),
});
const acted = z.object({ room: roomView.optional().describe('After open') });

export function roomRoutes(deps: Pick<AccessDeps, 'engine'>): Route[] {
  const { engine } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id/room',
      summary: 'How the video room of a conversation stands, or stood last',
      tag: 'Video',
      action: 'conversation.read',
      params: idParam,
      answers: { 200: roomView },
      handler: async (request) => {
        const { id, scope } = await seenInteraction(deps, request);
        const room = await engine.views.room(scope, id);
        if (!room) throw new AppError('not_found');
        return { status: 200, body: roomView.parse(JSON.parse(room)) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/interactions/:id/room',
      summary: `${BY_REST.join(', ')}: by who serves the conversation or supervises its queue`,
      tag: 'Video',
      action: 'calls.act',
      isIdempotent: true,
      params: idParam,
      body: commandBody,
      answers: { 200: acted },
      handler: async (request) => {
        const { id, scope, view } = await seenInteraction(deps, request);
        const { principal } = request;
        const { command, key = newId('command') } = request.body;
        const order = { interactionId: id, key, command };
        const body = await actInRoom(engine, scope, memberOf(principal, view), order, ({ queue: queueId }) =>
          can(principal, 'conversation.supervise', { kind: 'queue', accountId: scope.accountId, queueId }),
        );
        return { status: 200, body: acted.parse(body) };
      },
    }),
  ];
}

/** A program asks in the name of who serves the conversation. @throws AppError forbidden */
function memberOf(principal: Principal, { owner }: InteractionView): RoomMember {
  if (principal.kind === 'user') return { role: 'agent', id: principal.userId, name: principal.name };
  if (principal.kind === 'key') return { role: 'agent', id: principal.keyId, name: owner?.name ?? '' };
  throw new AppError('forbidden');
}
