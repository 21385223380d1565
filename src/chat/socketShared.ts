/** What commands of visitors and agents have in common. */

import type { Scope } from '../../queues/engine.ts';
import type { Principal } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';
import type { InteractionId } from '../base/ids.ts';
import type { FileId } from '../files/index.ts';
import type { ClientSocket } from '../gateway/clientSocket.ts';
import type { SocketServices } from '../gateway/socketServices.ts';
import type { Viewer } from '../history/visibility.ts';
import type { Cursor } from '../protocol/common.ts';
import type { FileView } from '../protocol/views.ts';

/** Follows a feed; the right was checked. The reply goes out before the first event, so it is sent from here. */
export async function subscribe(
  { hub, limits }: SocketServices,
  socket: ClientSocket,
  { scope, viewer }: { readonly scope: Scope; readonly viewer: Viewer },
  { id, feed, cursor }: { readonly id: number; readonly feed: string; readonly cursor?: Cursor | undefined },
): Promise<undefined> {
  if (socket.subscriptions.size >= limits.subscriptionsPerSocket && !socket.subscriptions.has(feed)) {
    throw new AppError('rate_limited', { detail: `At most ${limits.subscriptionsPerSocket} feeds on one socket.` });
  }
  await hub.subscribe(socket, { scope, feed, viewer, cursor }, (subscribed) => socket.reply(id, subscribed));
  return undefined;
}

/** Earlier messages of a conversation, also of one that was over long ago. @throws AppError not_found, unavailable */
export async function earlier(
  { history }: SocketServices,
  scope: Scope,
  reader: Principal,
  { interaction, before, limit }: { readonly interaction: string; readonly before: number; readonly limit: number },
): Promise<unknown> {
  const page = await history.earlier(scope, reader, interaction as InteractionId, before, limit);
  if (!page) throw new AppError('not_found');
  return { messages: page.messages, hasEarlier: page.hasEarlier };
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
  const file = await files.attach(scope, {
    id: fileId as FileId,
    interactionId: command.interaction as InteractionId,
    senderId,
    visibility,
  });
  return { ...(text === undefined ? {} : { text }), file };
}
