/** Who may follow which feed, and see which conversation. One check for subscriptions, commands and the changes of rights that end them. */
import type { Engine } from '../../queues/engine.ts';
import { can } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';
import type { InteractionId, QueueId } from '../base/ids.ts';
import type { Viewer } from '../history/visibility.ts';
import type { AgentMember } from './clientSocket.ts';

/** As whom the agent reads the feed. @throws AppError not_found, forbidden, unavailable */
export async function requireFeed(engine: Engine, member: AgentMember, feed: string): Promise<Viewer> {
  const colon = feed.indexOf(':');
  const [kind, id] = [feed.slice(0, colon), feed.slice(colon + 1)];
  const { principal, scope } = member;
  switch (kind) {
    case 'agent':
      if (id !== principal.userId) throw new AppError('forbidden');
      return { kind: 'staff', id: principal.userId, seesAll: false };
    case 'queue':
    case 'figures': {
      // A queue of another account is not told apart from one that does not exist.
      if (!(await engine.config.queue(scope, id as QueueId))) throw new AppError('not_found');
      const action = kind === 'queue' ? 'conversation.read' : 'queues.read';
      if (!can(principal, action, { kind: 'queue', accountId: scope.accountId, queueId: id })) throw new AppError('forbidden');
      return { kind: 'staff', id: principal.userId, seesAll: false };
    }
    case 'conversation': {
      const queueId = await requireConversation(engine, member, id as InteractionId);
      return { kind: 'staff', id: principal.userId, seesAll: supervises(member, queueId) };
    }
    default:
      throw new AppError('not_found');
  }
}

/** The queue of a conversation that the agent may see: of a queue served or supervised, or as its owner or participant. @throws AppError not_found, forbidden */
export async function requireConversation(engine: Engine, member: AgentMember, id: InteractionId): Promise<QueueId> {
  const known = member.queueOf.get(id);
  if (known !== undefined) return known;
  const { principal, scope } = member;
  const view = await engine.views.interaction(scope, id);
  if (!view) throw new AppError('not_found');
  const takesPart = view.owner?.id === principal.userId || view.participants.some((participant) => participant.id === principal.userId);
  if (!takesPart && !can(principal, 'conversation.read', { kind: 'queue', accountId: scope.accountId, queueId: view.queue }))
    throw new AppError('forbidden');
  const queue = view.queue as QueueId;
  // Only what was granted is remembered; a change of rights empties it.
  if (member.queueOf.size > 1_000) member.queueOf.clear();
  member.queueOf.set(id, queue);
  return queue;
}

/** Whether the agent supervises the queue. */
export function supervises({ principal, scope }: AgentMember, queueId: QueueId): boolean {
  return can(principal, 'conversation.supervise', { kind: 'queue', accountId: scope.accountId, queueId });
}

/** Whether there is a queue that the agent may serve. */
export function servesSomewhere({ principal, scope }: AgentMember): boolean {
  return can(principal, 'conversation.serve', { kind: 'account', accountId: scope.accountId });
}
