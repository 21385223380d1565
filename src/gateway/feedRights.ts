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
  const { scope } = member;
  const staff = { kind: 'staff', id: member.principal.userId, seesAll: false } as const;
  switch (kind) {
    case 'agent':
      if (id !== staff.id) throw new AppError('forbidden');
      return staff;
    case 'queue':
    case 'figures': {
      // A queue of another account is not told apart from one that does not exist.
      if (!(await engine.config.queue(scope, id as QueueId))) throw new AppError('not_found');
      const action = kind === 'queue' ? 'conversation.read' : 'queues.read';
      // The principal as it is after the read: rights may have changed meanwhile.
      if (!can(member.principal, action, { kind: 'queue', accountId: scope.accountId, queueId: id })) throw new AppError('forbidden');
      return staff;
    }
    case 'conversation': {
      const queueId = await requireConversation(engine, member, id as InteractionId);
      return { ...staff, seesAll: supervises(member, queueId) };
    }
    default:
      throw new AppError('not_found');
  }
}

/** The queue of a conversation that the agent may see: of a queue served or supervised, or as its owner or participant. @throws AppError not_found, forbidden */
export async function requireConversation(engine: Engine, member: AgentMember, id: InteractionId): Promise<QueueId> {
  const known = member.queueOf.get(id);
  if (known !== undefined) return known;
  const view = await engine.views.interaction(member.scope, id);
  if (!view) throw new AppError('not_found');
  // As they are after the read: rights may have changed meanwhile.
  const { principal, scope } = member;
  const queue = view.queue as QueueId;
  if (can(principal, 'conversation.read', { kind: 'queue', accountId: scope.accountId, queueId: queue })) {
    // Remembered until rights change. Who only takes part is asked each time: that ends with the conversation's next event.
    if (member.queueOf.size > 1_000) member.queueOf.clear();
    member.queueOf.set(id, queue);
    return queue;
  }
  const takesPart = view.owner?.id === principal.userId || view.participants.some((participant) => participant.id === principal.userId);
  if (!takesPart) throw new AppError('forbidden');
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
