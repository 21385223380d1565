/**
 * The commands of an agent's socket, each mapped to the engine. The scripts know who owns and who takes part; what the person may see and
 * supervise is decided here, by `can()` on the conversation's queue.
 */

import type { NewMessage } from '../../queues/engine.ts';
import { AppError, assertNever } from '../base/errors.ts';
import type { InteractionId, UserId } from '../base/ids.ts';
import type { AgentMember, ClientSocket } from '../gateway/clientSocket.ts';
import { settled } from '../gateway/commandRefused.ts';
import { isAgent, refreshVisits, requireConversation, requireFeed, supervises } from '../gateway/feedRights.ts';
import type { SocketServices } from '../gateway/socketServices.ts';
import { writeTyping } from '../gateway/typing.ts';
import { actOnCall } from '../phones/callCommands.ts';
import type { AgentCommand } from '../protocol/frames.ts';
import type { AgentView } from '../protocol/views.ts';
import { changeAgentState, type StateCommand } from '../routing/agentCommands.ts';
import { actInRoom } from '../video/commands.ts';
import { contentOf, earlier, subscribe } from './socketShared.ts';

type Command<Name extends AgentCommand['t']> = Extract<AgentCommand, { t: Name }>;

export async function runAgentCommand(
  services: SocketServices,
  socket: ClientSocket,
  member: AgentMember,
  command: AgentCommand,
): Promise<unknown> {
  const { engine, hub } = services;
  const { router } = engine;
  const { scope } = member;
  const agentId = member.principal.userId;
  switch (command.t) {
    case 'ping':
      return {};
    case 'subscribe':
      return subscribe(services, socket, { scope, viewer: await requireFeed(engine, member, command.feed) }, command);
    case 'unsubscribe':
      hub.unsubscribe(socket, command.feed);
      return {};
    case 'chat.send':
      return send(services, member, command);
    case 'chat.read': {
      const interactionId = command.interaction as InteractionId;
      await requireConversation(engine, member, interactionId);
      settled(await router.markRead(scope, { interactionId, by: 'staff', memberId: agentId, upTo: command.upTo }));
      return {};
    }
    case 'chat.typing':
      await requireConversation(engine, member, command.interaction as InteractionId);
      engine.signals.publish(
        scope,
        `conversation:${command.interaction}`,
        writeTyping({ role: 'agent', by: agentId, name: member.principal.name, isTyping: command.isTyping }),
      );
      return {};
    case 'chat.earlier':
      return earlier(services, scope, member.principal, command);
    case 'agent.signIn':
    case 'agent.signOut': {
      const what = command.t === 'agent.signIn' ? 'sign_in' : 'sign_out';
      return { agent: await changeState(services, socket, member, { what, agentId, key: command.key, queues: command.queues }) };
    }
    case 'agent.pause': {
      const { key, queues, reason } = command;
      return { agent: await changeState(services, socket, member, { what: 'pause', agentId, key, queues, reason }) };
    }
    case 'agent.resume':
      return { agent: await changeState(services, socket, member, { what: 'resume', agentId, key: command.key, queues: command.queues }) };
    case 'offer.accept': {
      const { interaction } = settled(
        await router.acceptOffer(scope, { interactionId: command.interaction as InteractionId, agentId, token: command.token }),
      );
      return { interaction };
    }
    case 'offer.decline':
      settled(await router.declineOffer(scope, { interactionId: command.interaction as InteractionId, agentId, token: command.token }));
      return {};
    case 'interaction.claim': {
      const { interaction } = settled(
        await router.claimInteraction(scope, { interactionId: command.interaction as InteractionId, agentId, key: command.key }),
      );
      return { interaction };
    }
    case 'interaction.end':
    case 'interaction.close':
    case 'interaction.transfer':
    case 'participant.invite':
      return asOwnerOrSupervisor(services, member, command);
    case 'participant.leave':
      settled(await router.leaveInteraction(scope, { interactionId: command.interaction as InteractionId, agentId, key: command.key }));
      return {};
    case 'call.command': {
      const interactionId = command.interaction as InteractionId;
      const { key, body, before } = command;
      await actOnCall(engine, scope, member.principal, { interactionId, key, command: body, before });
      return {};
    }
    case 'video.command': {
      const { name, sessionId } = member.principal;
      const by = { role: 'agent', id: agentId, name, sessionId } as const;
      return actInRoom(engine, scope, by, { interactionId: command.interaction as InteractionId, key: command.key, command: command.body });
    }
    case 'wrapUp.outcome': {
      const { interaction, outcome = '', note = '', key } = command;
      settled(await router.changeOutcome(scope, { interactionId: interaction as InteractionId, agentId, outcome, note, key }));
      return {};
    }
    case 'wrapUp.end':
      settled(await router.endWrapUp(scope, { interactionId: command.interaction as InteractionId, agentId, isSupervisor: false }));
      return {};
    case 'wrapUp.extend': {
      const interactionId = command.interaction as InteractionId;
      settled(
        await router.extendWrapUp(scope, { interactionId, agentId, byMs: command.bySec * 1_000, key: command.key, isSupervisor: false }),
      );
      return {};
    }
    default:
      return assertNever(command);
  }
}

/** The agent's own state. Signing in makes an agent of somebody who only watched so far (ACC-5); what that gives or takes counts from now on. */
async function changeState(
  { engine, presence }: SocketServices,
  socket: ClientSocket,
  member: AgentMember,
  command: StateCommand,
): Promise<AgentView> {
  const { scope } = member;
  if (command.what === 'sign_in') {
    await refreshVisits(engine, member);
    if (!isAgent(member)) throw new AppError('forbidden');
    if (!member.isAttached) settled(await presence.attachDevice(socket, member));
  }
  const agent = await changeAgentState(engine, scope, member.principal, command);
  if (command.what === 'sign_in' || command.what === 'sign_out') await refreshVisits(engine, member);
  return agent;
}

type OwnersCommand =
  | Command<'interaction.end'>
  | Command<'interaction.close'>
  | Command<'interaction.transfer'>
  | Command<'participant.invite'>;

async function asOwnerOrSupervisor({ engine }: SocketServices, member: AgentMember, command: OwnersCommand): Promise<unknown> {
  const { router } = engine;
  const { scope } = member;
  const interactionId = command.interaction as InteractionId;
  const agentId = member.principal.userId;
  const isSupervisor = supervises(member, await requireConversation(engine, member, interactionId));
  switch (command.t) {
    case 'interaction.end':
      settled(await router.endInteraction(scope, { interactionId, by: 'agent', memberId: agentId, isSupervisor }));
      return {};
    case 'interaction.close':
      settled(
        await router.closeInteraction(scope, {
          interactionId,
          agentId,
          outcome: command.outcome ?? '',
          note: command.note ?? '',
          key: command.key,
          isSupervisor,
        }),
      );
      return {};
    case 'interaction.transfer':
      settled(
        await router.transferInteraction(scope, { interactionId, from: agentId, to: command.to as UserId, key: command.key, isSupervisor }),
      );
      return {};
    case 'participant.invite':
      settled(
        await router.inviteParticipant(scope, {
          interactionId,
          by: agentId,
          agentId: command.agent as UserId,
          key: command.key,
          isSupervisor,
        }),
      );
      return {};
    default:
      return assertNever(command);
  }
}

/** As agent; who takes no part but supervises the queue speaks as supervisor. */
async function send(services: SocketServices, member: AgentMember, command: Command<'chat.send'>): Promise<unknown> {
  const { router } = services.engine;
  const { scope, principal } = member;
  const interactionId = command.interaction as InteractionId;
  const message: NewMessage = {
    interactionId,
    mid: command.mid,
    from: { role: 'agent', id: principal.userId, name: principal.name },
    visibility: command.visibility,
    ...(await contentOf(services, scope, principal.userId, command)),
    isClaim: command.claim,
  };
  const first = await router.sendMessage(scope, message);
  const isOutsider = !first.ok && !command.claim && (first.code === 'already_taken' || first.code === 'forbidden');
  const mayStillSpeak = isOutsider && supervises(member, await requireConversation(services.engine, member, interactionId));
  const { off, at } = settled(
    mayStillSpeak ? await router.sendMessage(scope, { ...message, from: { ...message.from, role: 'supervisor' } }) : first,
  );
  return { mid: command.mid, off, at };
}
