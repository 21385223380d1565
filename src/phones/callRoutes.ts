/** Phone calls by REST: how one stands, and what it is to do. */
import { z } from 'zod';
import type { AccessDeps } from '../accounts/deps.ts';
import { idParam, noContent } from '../api/fields.ts';
import { type Route, route } from '../api/route.ts';
import { newId } from '../base/ids.ts';
import { interactionOf, seenInteraction } from '../history/interactionRequest.ts';
import { callCommand, callView } from '../protocol/calls.ts';
import { key } from '../protocol/common.ts';
import { actOnCall } from './callCommands.ts';

const commandBody = z.strictObject({
  command: callCommand,
  key: key.optional().describe('Once per intent: the same key again changes nothing more. Or send Idempotency-Key'),
});

export function callRoutes(deps: AccessDeps): Route[] {
  const { engine } = deps;
  return [
    route({
      method: 'GET',
      path: '/api/v1/interactions/:id/call',
      summary: 'How the phone call of an interaction stands; nothing before an agent has it',
      tag: 'Calls',
      action: 'conversation.read',
      params: idParam,
      answers: { 200: callView, 204: noContent },
      handler: async (request) => {
        const { id, scope } = await seenInteraction(deps, request);
        const call = await engine.views.call(scope, id);
        if (!call) return { status: 204 };
        return { status: 200, body: callView.parse(JSON.parse(call)) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/interactions/:id/call',
      summary: 'Hold, resume, mute, send keys, transfer, consult, confer or hang up (VOX-4); done when answered',
      tag: 'Calls',
      action: 'calls.act',
      isIdempotent: true,
      params: idParam,
      body: commandBody,
      answers: { 204: noContent },
      handler: async (request) => {
        const { id, scope } = await interactionOf(deps, request);
        const { command, key = newId('command') } = request.body;
        await actOnCall(engine, scope, request.principal, { interactionId: id, key, command });
        return { status: 204 };
      },
    }),
  ];
}
