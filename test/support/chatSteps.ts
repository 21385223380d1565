/**
 * Random chat commands on a seeded scene, as plain data and as calls that can be repeated with the same ids. For tests that need traffic of every kind;
 * the model's own steps are in `model/steps.ts`.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { RunningEngine } from '../../queues/index.ts';
import { newId } from '../../src/base/ids.ts';
import type { Scene } from './engines.ts';

export type Step =
  | { readonly do: 'start'; readonly queue: number }
  | {
      readonly do: 'claim' | 'accept' | 'acceptOld' | 'decline' | 'close' | 'reply' | 'endByAgent';
      readonly agent: number;
      readonly chat: number;
    }
  | { readonly do: 'write' | 'endByClient' | 'leave' | 'back' | 'rate'; readonly chat: number }
  | { readonly do: 'pause' | 'resume' | 'signIn' | 'signOut' | 'endWrapUp' | 'deviceGone' | 'deviceBack'; readonly agent: number }
  | { readonly do: 'transfer'; readonly agent: number; readonly to: number; readonly chat: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'repeatLast' };

const agent = fc.nat(2);
const chat = fc.nat(7);
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('start' as const), queue: fc.nat(2) }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('claim', 'accept', 'acceptOld', 'decline', 'close', 'reply', 'endByAgent'),
      agent,
      chat,
    }) as fc.Arbitrary<Step>,
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('write', 'endByClient', 'leave', 'back', 'rate'), chat }) as fc.Arbitrary<Step> },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('pause', 'resume', 'signIn', 'signOut', 'endWrapUp', 'deviceGone', 'deviceBack'),
      agent,
    }) as fc.Arbitrary<Step>,
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('transfer' as const), agent, to: agent, chat }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 900, 5_000, 25_000, 70_000) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'repeatLast' as const }) },
);

/** Carries out one step; what refers to nothing is left out. @return the call, so that it can be repeated with the same ids. */
export function perform(
  world: { readonly engine: RunningEngine; virtualMs: number },
  scene: Scene,
  chats: { id: string; contactId: string; oldToken: string }[],
  one: Step,
): (() => Promise<unknown>) | undefined {
  const { router, views } = world.engine;
  const { scope } = scene;
  const key = newId('command');
  const at = 'chat' in one && chats.length > 0 ? chats[one.chat % chats.length] : undefined;
  const interactionId = at?.id as never;
  const agentId = ('agent' in one ? scene.agents[one.agent] : '') as never;
  switch (one.do) {
    case 'start': {
      const start = scene.newChat(scene.queues[one.queue] as never);
      return async () => {
        const started = await router.startInteraction(scope, start);
        if (started.ok && !chats.some((each) => each.id === started.interaction.id))
          chats.push({ id: started.interaction.id, contactId: start.contactId, oldToken: '' });
        return started;
      };
    }
    case 'claim':
      return at && (() => router.claimInteraction(scope, { interactionId, agentId, key }));
    case 'accept':
    case 'decline':
      return (
        at &&
        (async () => {
          const token = (await views.agent(scope, agentId))?.offers.find((offer) => offer.interaction === at.id)?.token;
          if (token === undefined) return undefined;
          at.oldToken = token;
          return router[one.do === 'accept' ? 'acceptOffer' : 'declineOffer'](scope, { interactionId, agentId, token });
        })
      );
    case 'acceptOld':
      return (
        at &&
        (async () => {
          const before = await views.interaction(scope, interactionId);
          const answer = await router.acceptOffer(scope, { interactionId, agentId, token: 'token-of-old-1' });
          expect(answer.ok, 'INV-5 an accept with a token that does not stand changes nothing').toBe(false);
          expect(await views.interaction(scope, interactionId)).toEqual(before);
          return answer;
        })
      );
    case 'reply':
      return (
        at &&
        (() =>
          router.sendMessage(scope, {
            interactionId,
            mid: key,
            from: { role: 'agent', id: agentId, name: 'A' },
            visibility: 'everyone',
            text: 'reply',
            isClaim: true,
          }))
      );
    case 'close':
      return at && (() => router.closeInteraction(scope, { interactionId, agentId, outcome: '', note: '', key, isSupervisor: false }));
    case 'endByAgent':
      return at && (() => router.endInteraction(scope, { interactionId, by: 'agent', memberId: agentId, isSupervisor: false }));
    case 'endByClient':
      return (
        at && (() => router.endInteraction(scope, { interactionId, by: 'client', memberId: at.contactId as never, isSupervisor: false }))
      );
    case 'write':
      return (
        at &&
        (() =>
          router.sendMessage(scope, {
            interactionId,
            mid: key,
            from: { role: 'customer', id: at.contactId as never, name: 'C' },
            visibility: 'everyone',
            text: 'text',
            isClaim: false,
          }))
      );
    case 'rate':
      return at && (() => router.rateInteraction(scope, { interactionId, contactId: at.contactId as never, value: 5, comment: '' }));
    case 'leave':
      return (
        at &&
        (async () => {
          for (const connectionId of await scene.connectionsOf(at.id)) await router.detachClient(scope, { interactionId, connectionId });
        })
      );
    case 'back':
      return at && (() => router.attachClient(scope, { interactionId, contactId: at.contactId as never, connectionId: key }));
    case 'pause':
      return () => router.pause(scope, { agentId, reason: 'lunch', key });
    case 'resume':
      return () => router.resume(scope, { agentId, key });
    case 'signIn':
      return () => router.signIn(scope, { agentId, key });
    case 'signOut':
      return () => router.signOut(scope, { agentId, key });
    case 'endWrapUp':
      return async () => {
        const wrapUp = (await views.agent(scope, agentId))?.agent.wrapUps[0];
        return wrapUp && router.endWrapUp(scope, { interactionId: wrapUp.interaction as never, agentId, isSupervisor: false });
      };
    case 'deviceGone':
      return () => router.detachDevice(scope, { agentId, deviceId: 'desk', connectionId: `desk-${agentId}` });
    case 'deviceBack':
      return () => router.attachDevice(scope, { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${agentId}` });
    case 'transfer':
      return (
        at &&
        (() =>
          router.transferInteraction(scope, { interactionId, from: agentId, to: scene.agents[one.to] as never, key, isSupervisor: false }))
      );
    case 'pass':
      return async () => {
        world.virtualMs += one.ms;
        await world.engine.core.commands.run('sweepPartition', scope.partition, [0]);
      };
    case 'repeatLast':
      return undefined;
  }
}
