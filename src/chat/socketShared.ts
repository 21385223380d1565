/** What commands of visitors and agents have in common. */
import type { SocketServices } from '../gateway/socketServices.ts';
import type { ClientSocket } from '../gateway/clientSocket.ts';
import { isVisible } from '../gateway/publicEvents.ts';
import type { Scope } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import type { FileId } from '../files/index.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Cursor } from '../protocol/common.ts';
import type { FileView } from '../protocol/views.ts';

/** Follows a feed; the right was checked. The reply goes out before the first event, so it is sent from here. */
export async function subscribe(services: SocketServices, socket: ClientSocket, scope: Scope, command: { id: number; feed: string; cursor?: Cursor | undefined }): Promise<undefined> {
  if (socket.subscriptions.size >= services.limits.subscriptionsPerSocket && !socket.subscriptions.has(command.feed)) {
    throw new AppError('rate_limited', { detail: `At most ${services.limits.subscriptionsPerSocket} feeds on one socket.` });
  }
  await services.hub.subscribe(socket, scope, command.feed, command.cursor, (subscribed) => socket.reply(command.id, subscribed));
  return undefined;
}

/** Earlier messages that the socket may see; from the history when the conversation has left Redis. */
export async function earlier(
  { engine, history }: SocketServices,
  socket: ClientSocket,
  scope: Scope,
  command: { interaction: string; before: number; limit: number },
): Promise<unknown> {
  const id = command.interaction as InteractionId;
  const page =
    (await engine.views.earlierMessages(scope, id, command.before, command.limit)) ?? (await history.earlier(scope, id, command.before, command.limit));
  if (!page) throw new AppError('not_found');
  return { messages: page.messages.filter(({ visibility }) => isVisible(visibility, socket.audience)), hasEarlier: page.hasEarlier };
}

/** What a message carries: text, or a file that the sender uploaded to this conversation. @throws AppError invalid, not_found */
export async function contentOf(
  { files }: SocketServices,
  scope: Scope,
  senderId: string,
  command: { interaction: string; text?: string | undefined; file?: string | undefined; visibility: string },
): Promise<{ text?: string; file?: FileView }> {
  const { text, file: fileId, visibility } = command;
  if (fileId === undefined) {
    if (text === undefined) throw new AppError('invalid', { detail: 'A message has a text or a file.' });
    return { text };
  }
  const file = await files.attach(scope, { id: fileId as FileId, interactionId: command.interaction as InteractionId, senderId, visibility });
  return { ...(text === undefined ? {} : { text }), file };
}
