/**
 * A step becomes a command: places are looked up in the model, and the answer that the specification asks for is known beforehand (for one command at a
 * time; of several under way at once only the invariants and the events are judged). `isRepeatable`: asked again with the same ids it must answer the
 * same and change nothing (INV-7).
 */
import { type Action, type Answer, at, check, type Memory, type SceneIds } from './action.ts';
import { claimAnswer, mediumAnswer, requeueAnswer, transferAnswer } from './foretold.ts';
import type { ModelInteraction } from './modelInteraction.ts';
import type { RoutingModel } from './routingModel.ts';
import { stateAction } from './stateActions.ts';
import type { SingleStep } from './steps.ts';

export function actionOf(step: SingleStep, model: RoutingModel, ids: SceneIds, memory: Memory): Action | undefined {
  const { scope } = ids;
  const key = `key-${String(++memory.serial).padStart(6, '0')}`;
  const pool = memory.started.filter((id) => model.interactions.get(id)?.state !== 'closed').concat(memory.started.slice(-1));
  const one = 'chat' in step ? model.interactions.get(at(pool, step.chat) ?? '') : undefined;
  const named = 'agent' in step ? model.agents.get(at(ids.agents, step.agent) ?? '') : undefined;
  const label = `${step.do} ${one ? `${one.id} ` : ''}${named?.id ?? ''}`;

  switch (step.do) {
    case 'start': {
      const queueId = at(ids.queues, step.queue) ?? '';
      const queue = model.queues.get(queueId);
      const routing = {
        ...(step.medium ? { medium: step.medium } : {}),
        ...(step.required.length > 0 ? { required: step.required } : {}),
        ...(step.preferred.length > 0 ? { preferred: step.preferred } : {}),
        ...(step.priority > 0 ? { priority: step.priority } : {}),
        ...(step.agoMs > 0 ? { start: model.now - step.agoMs } : {}),
      };
      const start = {
        queueId,
        groupId: 'grp_model',
        contactId: `con_${step.contact}`,
        key,
        name: 'Eva',
        email: '',
        language: 'en',
        page: '',
        userAgent: 'model',
        text: 'Hello',
        connectionId: step.isWatched ? `socket-${key}` : '',
        ...routing,
      };
      const expected: Answer[] = !model.isAccountActive ? ['account_inactive'] : queue?.isActive ? ['ok'] : ['not_found'];
      return {
        label: `start in ${queueId}`,
        expected,
        isKeyed: true,
        record: key,
        run: ({ router }) => router.startInteraction(scope, start as never),
      };
    }
    case 'accept':
    case 'decline':
    case 'acceptOthers': {
      const offers = [...model.interactions.values()].flatMap((each) => [...each.offered].map((agentId) => ({ each, agentId })));
      const offer = at(offers, step.offer);
      if (!offer) return undefined;
      const agentId = step.do === 'acceptOthers' ? (named?.id ?? '') : offer.agentId;
      const isOwn = offer.each.offered.has(agentId);
      const token = offer.each.token;
      memory.tokens.push([offer.each.id, agentId, token]);
      const method = step.do === 'decline' ? 'declineOffer' : 'acceptOffer';
      return {
        label: `${step.do} ${offer.each.id} ${agentId}`,
        expected: isOwn ? ['ok'] : ['offer_gone'],
        isKeyed: true,
        ...(method === 'declineOffer' ? { record: `${agentId}:${offer.each.id}:${token}` } : {}),
        run: ({ router }) => router[method](scope, { interactionId: offer.each.id, agentId, token } as never),
        after: (model) =>
          method === 'acceptOffer'
            ? check(
                model.interactions.get(offer.each.id)?.owner === agentId,
                `${offer.each.id} is not owned by ${agentId}, whose accept was answered ok`,
              )
            : check(
                model.interactions.get(offer.each.id)?.token !== token || !model.interactions.get(offer.each.id)?.offered.has(agentId),
                `${offer.each.id} is still offered to ${agentId}, who declined`,
              ),
      };
    }
    case 'acceptOld': {
      const old = memory.tokens.filter(([id, agentId, token]) => {
        const each = model.interactions.get(id);
        return each?.token !== token || (each.state === 'served' ? each.owner !== agentId : !each.offered.has(agentId));
      });
      const [interactionId, agentId, token] = at(old, step.offer) ?? ['', '', ''];
      if (token === '') return undefined;
      return {
        label: `acceptOld ${interactionId} ${agentId}`,
        expected: ['offer_gone'],
        run: ({ router }) => router.acceptOffer(scope, { interactionId, agentId, token } as never),
      };
    }
    case 'claim':
    case 'reply': {
      if (!one || !named) return undefined;
      const claim = { interactionId: one.id, agentId: named.id, key };
      const message = {
        interactionId: one.id,
        mid: key,
        from: { role: 'agent', id: named.id, name: 'A' },
        visibility: 'everyone',
        text: 'Hi',
        isClaim: true,
      };
      const expected =
        step.do === 'reply' && (one.state === 'ended' || one.state === 'closed') ? (['gone'] as const) : claimAnswer(model, one, named);
      return {
        label,
        expected: step.do === 'reply' && one.joined.has(named.id) && expected?.[0] !== 'gone' ? ['ok'] : expected,
        isKeyed: step.do === 'reply',
        run: ({ router }) =>
          step.do === 'claim' ? router.claimInteraction(scope, claim as never) : router.sendMessage(scope, message as never),
        after: (model) =>
          check(
            model.interactions.get(one.id)?.owner === named.id ||
              (step.do === 'reply' && model.interactions.get(one.id)?.joined.has(named.id)),
            `${one.id} is not owned by ${named.id}, whose ${step.do} was answered ok`,
          ),
      };
    }
    case 'close':
    case 'endByAgent': {
      if (!one) return undefined;
      const agentId = step.isOwner && one.owner !== '' ? one.owner : (named?.id ?? '');
      const { isSupervisor } = step;
      const mayDo = one.owner === agentId || isSupervisor;
      if (step.do === 'close') {
        const close = { interactionId: one.id, agentId, outcome: '', note: '', key, isSupervisor };
        return {
          label: `${label} by ${agentId}`,
          expected: one.state === 'closed' ? ['gone'] : mayDo ? ['ok'] : ['forbidden'],
          isKeyed: true,
          record: key,
          run: ({ router }) => router.closeInteraction(scope, close as never),
          after: (model) => check(model.interactions.get(one.id)?.state === 'closed', `${one.id} is open, its closing was answered ok`),
        };
      }
      const end = { interactionId: one.id, by: 'agent', memberId: agentId, isSupervisor };
      return {
        label: `${label} by ${agentId}`,
        expected: !mayDo ? ['forbidden'] : one.state === 'closed' ? ['gone'] : ['ok'],
        run: ({ router }) => router.endInteraction(scope, end as never),
        after: (model) => check(isOver(model, one), `${one.id} goes on, its end was answered ok`),
      };
    }
    case 'endByClient': {
      if (!one) return undefined;
      const end = { interactionId: one.id, by: 'client', memberId: one.contact, isSupervisor: false };
      return {
        label,
        expected: one.state === 'closed' ? ['gone'] : ['ok'],
        run: ({ router }) => router.endInteraction(scope, end as never),
        after: (model) => check(isOver(model, one), `${one.id} goes on, its end was answered ok`),
      };
    }
    case 'write': {
      if (!one) return undefined;
      const from = { role: 'customer', id: one.contact, name: 'C' };
      const message = { interactionId: one.id, mid: key, from, visibility: 'everyone', text: 'text', isClaim: false };
      return {
        label,
        expected: one.state === 'closed' || one.state === 'ended' ? ['gone'] : ['ok'],
        isKeyed: true,
        run: ({ router }) => router.sendMessage(scope, message as never),
      };
    }
    case 'rate':
      if (!one) return undefined;
      return {
        label,
        expected: one.state === 'closed' || one.state === 'ended' ? ['ok'] : ['wrong_state'],
        run: ({ router }) =>
          router.rateInteraction(scope, { interactionId: one.id, contactId: one.contact, value: 5, comment: '' } as never),
      };
    case 'clientLeaves': {
      if (!one) return undefined;
      const connections = memory.connections.get(one.id) ?? [];
      return {
        label,
        run: async ({ router }) => {
          for (const connectionId of connections) await router.detachClient(scope, { interactionId: one.id, connectionId } as never);
          return { ok: true };
        },
      };
    }
    case 'clientBack':
      if (!one) return undefined;
      return {
        label,
        expected: ['ok'],
        run: ({ router }) => router.attachClient(scope, { interactionId: one.id, contactId: one.contact, connectionId: key } as never),
      };
    case 'invite': {
      if (!one || !named) return undefined;
      const by = step.isOwner ? one.owner : (at(ids.agents, step.agent + 1) ?? '');
      const invite = { interactionId: one.id, by, agentId: named.id, key, isSupervisor: step.isSupervisor };
      return { label, isKeyed: true, record: key, run: ({ router }) => router.inviteParticipant(scope, invite as never) };
    }
    case 'leaveChat':
      if (!one || !named) return undefined;
      return {
        label,
        isKeyed: true,
        record: key,
        expected: one.owner === named.id ? ['forbidden'] : ['ok'],
        run: ({ router }) => router.leaveInteraction(scope, { interactionId: one.id, agentId: named.id, key } as never),
      };
    case 'transfer': {
      if (!one || !named) return undefined;
      const from = step.isOwner ? one.owner : (at(ids.agents, step.agent + 1) ?? '');
      const transfer = { interactionId: one.id, from, to: named.id, key, isSupervisor: step.isSupervisor };
      return {
        label: `${label} from ${from}`,
        expected: transferAnswer(model, one, named, from, step.isSupervisor),
        isKeyed: true,
        record: key,
        run: ({ router }) => router.transferInteraction(scope, transfer as never),
        after: (model) =>
          check(model.interactions.get(one.id)?.owner === named.id, `${one.id} is not with ${named.id}, to whom it was handed over`),
      };
    }
    case 'requeue': {
      if (!one) return undefined;
      const from = step.isOwner ? one.owner : (at(ids.agents, step.agent) ?? '');
      const queueId = at(ids.queues, step.queue) ?? '';
      const move = { interactionId: one.id, from, queueId, key, isSupervisor: step.isSupervisor };
      return {
        label: `${label} from ${from} to ${queueId}`,
        expected: requeueAnswer(model, one, from, queueId, step.isSupervisor),
        isKeyed: true,
        record: key,
        run: ({ router }) => router.requeueInteraction(scope, move as never),
      };
    }
    case 'prioritize':
      if (!one) return undefined;
      return {
        label: `${label} ${step.priority}`,
        expected: one.state === 'closed' || one.state === 'ended' ? ['gone'] : ['ok'],
        run: ({ router }) => router.prioritizeInteraction(scope, { interactionId: one.id, priority: step.priority } as never),
        after: (model) => check(model.interactions.get(one.id)?.priority === step.priority, `${one.id} has another priority than was set`),
      };
    case 'changeMedium': {
      if (!one) return undefined;
      return {
        label: `${label} ${step.medium}`,
        expected: mediumAnswer(model, one, step.medium),
        run: ({ router }) => router.changeMedium(scope, { interactionId: one.id, medium: step.medium } as never),
        after: (model) => check(model.interactions.get(one.id)?.medium === step.medium, `${one.id} has another medium than was set`),
      };
    }
    case 'pause':
    case 'resume':
    case 'signIn':
    case 'signOut':
      return named && stateAction(step, step.do, model, ids, named, key);
    case 'deviceGone':
    case 'deviceBack': {
      if (!named) return undefined;
      const device = { agentId: named.id, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${named.id}` };
      if (step.do === 'deviceGone') return { label, expected: ['ok'], run: ({ router }) => router.detachDevice(scope, device as never) };
      return {
        label,
        expected: named.doc.isActive && !named.isDeleted ? ['ok'] : ['forbidden'],
        run: ({ router }) => router.attachDevice(scope, device as never),
      };
    }
    case 'phoneGone':
    case 'phoneBack': {
      if (!named) return undefined;
      const phone = { agentId: named.id, deviceId: 'phone', deviceName: 'Phone', connectionId: `phone-${named.id}`, isPhone: true };
      if (step.do === 'phoneGone') return { label, expected: ['ok'], run: ({ router }) => router.detachDevice(scope, phone as never) };
      return {
        label,
        expected: named.doc.isActive && !named.isDeleted ? ['ok'] : ['forbidden'],
        run: ({ router }) => router.attachDevice(scope, phone as never),
      };
    }
    case 'endWrapUp':
    case 'extendWrapUp': {
      const wrapUps = [...model.agents.values()].flatMap((agent) =>
        agent.holds.filter(({ kind }) => kind === 'wrapup').map((hold) => ({ agent, hold })),
      );
      const found = at(wrapUps, step.wrapUp);
      if (!found) return undefined;
      const wrapUp = { interactionId: found.hold.interaction, agentId: found.agent.id, isSupervisor: step.isSupervisor };
      const queue = model.queues.get(found.hold.queue);
      if (step.do === 'endWrapUp')
        return {
          label: `endWrapUp ${found.hold.interaction} ${found.agent.id}`,
          expected: step.isSupervisor || queue?.canEndWrapUp ? ['ok'] : ['forbidden'],
          run: ({ router }) => router.endWrapUp(scope, wrapUp as never),
          after: (model) =>
            check(
              !model.agents
                .get(found.agent.id)
                ?.holds.some((hold) => hold.interaction === found.hold.interaction && hold.kind === 'wrapup'),
              `the wrap-up of ${found.hold.interaction} goes on, its end was answered ok`,
            ),
        };
      return {
        label: `extendWrapUp ${found.hold.interaction} ${found.agent.id}`,
        expected: ['ok'],
        isKeyed: true,
        record: key,
        run: ({ router }) => router.extendWrapUp(scope, { ...wrapUp, byMs: 5_000, key } as never),
      };
    }
    default:
      return undefined;
  }
}

const isOver = (model: RoutingModel, one: ModelInteraction): boolean =>
  ['ended', 'closed'].includes(model.interactions.get(one.id)?.state ?? 'closed');
