/**
 * The commands of a visitor's socket, each mapped to the engine. A visitor reaches only conversations of its own contact: the scripts compare
 * the contact, which was derived from the visitor's secret, so nothing a client writes into a frame can name another's.
 */

import { countedAddress } from '../base/address.ts';
import { AppError, assertNever } from '../base/errors.ts';
import { type GroupId, type InteractionId, newId, type QueueId } from '../base/ids.ts';
import type { ClientSocket, VisitorMember } from '../gateway/clientSocket.ts';
import { settled } from '../gateway/commandRefused.ts';
import { viewForVisitor } from '../gateway/publicEvents.ts';
import type { SocketServices } from '../gateway/socketServices.ts';
import { writeTyping } from '../gateway/typing.ts';
import type { VisitorCommand } from '../protocol/frames.ts';
import { actInRoom } from '../video/commands.ts';
import { contentOf, earlier, subscribe } from './socketShared.ts';

type Command<Name extends VisitorCommand['t']> = Extract<VisitorCommand, { t: Name }>;

export async function runVisitorCommand(
  services: SocketServices,
  socket: ClientSocket,
  member: VisitorMember,
  command: VisitorCommand,
): Promise<unknown> {
  const { engine, hub } = services;
  const { scope, contactId } = member;
  switch (command.t) {
    case 'ping':
      return {};
    case 'subscribe':
      await requireOwn(services, socket, member, interactionOfFeed(command.feed));
      return subscribe(services, socket, { scope, viewer: { kind: 'visitor', id: contactId } }, command);
    case 'unsubscribe':
      hub.unsubscribe(socket, command.feed);
      return {};
    case 'chat.start':
      member.starting = start(services, socket, member, command);
      return member.starting;
    case 'chat.send':
      return send(services, member, command);
    case 'chat.read':
      settled(
        await engine.router.markRead(scope, {
          interactionId: command.interaction as InteractionId,
          by: 'client',
          memberId: contactId,
          upTo: command.upTo,
        }),
      );
      return {};
    case 'chat.typing':
      if (!member.attached.has(command.interaction as InteractionId)) throw new AppError('not_found');
      engine.signals.publish(
        scope,
        `conversation:${command.interaction}`,
        writeTyping({
          role: 'customer',
          by: contactId,
          name: member.name,
          isTyping: command.isTyping,
          ...(command.preview === undefined ? {} : { preview: command.preview }),
        }),
      );
      return {};
    case 'chat.earlier':
      return earlier(
        services,
        scope,
        { kind: 'visitor', accountId: scope.accountId, contactId, groupPublicId: member.groupPublicId },
        command,
      );
    case 'chat.end':
      settled(
        await engine.router.endInteraction(scope, {
          interactionId: command.interaction as InteractionId,
          by: 'client',
          memberId: contactId,
          isSupervisor: false,
        }),
      );
      return {};
    case 'chat.rate':
      settled(
        await engine.router.rateInteraction(scope, {
          interactionId: command.interaction as InteractionId,
          contactId,
          value: command.value,
          comment: command.comment ?? '',
        }),
      );
      return {};
    case 'video.command': {
      const by = { role: 'customer', id: contactId, name: member.name } as const;
      return actInRoom(engine, scope, by, { interactionId: command.interaction as InteractionId, key: command.key, command: command.body });
    }
    case 'page.changed':
      return changePage(services, member, command);
    default:
      return assertNever(command);
  }
}

function interactionOfFeed(feed: string): InteractionId {
  if (!feed.startsWith('conversation:')) throw new AppError('forbidden');
  return feed.slice('conversation:'.length) as InteractionId;
}

/** The conversation is the visitor's; this socket shows presence in it from now on. @throws AppError not_found */
async function requireOwn(
  { presence }: SocketServices,
  socket: ClientSocket,
  member: VisitorMember,
  interaction: InteractionId,
): Promise<void> {
  if (!member.attached.has(interaction)) settled(await presence.attach(socket, member, interaction));
}

async function start(
  services: SocketServices,
  socket: ClientSocket,
  member: VisitorMember,
  command: Command<'chat.start'>,
): Promise<unknown> {
  const { engine, limits, metrics, presence } = services;
  const { scope, contactId } = member;
  const [byAddress, byContact, found] = await Promise.all([
    engine.rates.take(`start:${countedAddress(socket.arrival.ip)}`, limits.startsPerMin, 60),
    engine.rates.take(`start:${contactId}`, limits.startsPerVisitorPerHour, 3_600),
    engine.config.groupByPublicId(member.groupPublicId),
  ]);
  for (const { isAllowed, retryAfterSec } of [byAddress, byContact]) {
    if (isAllowed) continue;
    metrics.limited.inc({ limit: 'chat.start' });
    throw new AppError('rate_limited', { retryAfterSec });
  }
  if (!found?.group.isActive) throw new AppError('gone', { detail: 'The widget is switched off.' });
  const { text, medium = 'chat' } = command;
  if (medium === 'chat' && text === undefined) throw new AppError('invalid', { fields: [{ path: 'text', message: 'required' }] });
  if (medium === 'video' && !found.group.video.isOn) throw new AppError('forbidden', { detail: 'Video is not offered here.' });
  if (command.page) member.page = JSON.stringify(command.page);
  if (command.name) member.name = command.name;
  const started = settled(
    await engine.router.startInteraction(scope, {
      queueId: found.group.queueId as QueueId,
      groupId: found.group.id as GroupId,
      contactId,
      key: command.key,
      name: member.name,
      email: command.email ?? '',
      language: member.language,
      page: member.page,
      userAgent: socket.arrival.userAgent,
      text: text ?? '',
      connectionId: socket.id,
      ...(medium === 'video' && { medium }),
    }),
  );
  const id = started.interaction.id as InteractionId;
  // A repeated start may come from another socket than the first: this one is not attached yet.
  if (started.isRepeat) await presence.attach(socket, member, id);
  else presence.noteAttached(socket, member, id);
  return { interaction: viewForVisitor(started.interaction), off: started.off };
}

async function send(services: SocketServices, member: VisitorMember, command: Command<'chat.send'>): Promise<unknown> {
  const { scope, contactId } = member;
  if (!member.messages.take()) {
    services.metrics.limited.inc({ limit: 'chat.send' });
    throw new AppError('rate_limited', { retryAfterSec: member.messages.retryAfterSec });
  }
  const sent = settled(
    await services.engine.router.sendMessage(scope, {
      interactionId: command.interaction as InteractionId,
      mid: command.mid,
      from: { role: 'customer', id: contactId, name: member.name },
      // What a visitor writes is for everyone in the conversation; notes among the staff are the staff's.
      visibility: 'everyone',
      ...(await contentOf(services, scope, contactId, { ...command, visibility: 'everyone' })),
      isClaim: false,
    }),
  );
  return { mid: command.mid, off: sent.off, at: sent.at };
}

/** The page stands in the conversations that are open, as a line for the staff (WID-5). */
async function changePage(services: SocketServices, member: VisitorMember, command: Command<'page.changed'>): Promise<unknown> {
  const page = JSON.stringify(command.page);
  if (page === member.page) return {};
  member.page = page;
  if (!member.messages.take()) throw new AppError('rate_limited', { retryAfterSec: member.messages.retryAfterSec });
  const text = command.page.title ? `${command.page.title} — ${command.page.url}` : command.page.url;
  for (const interactionId of member.attached) {
    // Refused when the conversation is over meanwhile: then there is nothing to note.
    await services.engine.router.sendMessage(member.scope, {
      interactionId,
      mid: newId('command'),
      from: { role: 'system', id: '', name: 'page' },
      visibility: 'staff',
      text,
      isClaim: false,
    });
  }
  return {};
}
