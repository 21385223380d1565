/** Who may follow which feed, and see which conversation. One check for subscriptions, commands and the changes of rights that end them. */
import type { Engine } from '../../queues/engine.ts';
import { type Action, can } from '../auth/can.ts';
import { withVisits } from '../auth/visits.ts';
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
      if (!(await may(engine, member, action, id))) throw new AppError('forbidden');
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
  const queue = view.queue as QueueId;
  if (await may(engine, member, 'conversation.read', queue)) {
    // Remembered until rights change. Who only takes part is asked each time: that ends with the conversation's next event.
    if (member.queueOf.size > 1_000) member.queueOf.clear();
    member.queueOf.set(id, queue);
    return queue;
  }
  const { principal } = member;
  const takesPart = view.owner?.id === principal.userId || view.participants.some((participant) => participant.id === principal.userId);
  if (!takesPart) throw new AppError('forbidden');
  return queue;
}

/** Whether the agent supervises the queue. */
export function supervises({ principal, scope }: AgentMember, queueId: QueueId): boolean {
  return can(principal, 'conversation.supervise', { kind: 'queue', accountId: scope.accountId, queueId });
}

/** Whether there is a queue that the agent may serve, or sign in to. */
export function isAgent({ principal, scope }: AgentMember): boolean {
  return principal.mayVisit === true || can(principal, 'conversation.serve', { kind: 'account', accountId: scope.accountId });
}

/** Reads the agent's temporary sign-ins anew (ACC-5). Returns whether they are others than before. */
export async function refreshVisits(engine: Engine, member: AgentMember): Promise<boolean> {
  const doc = await engine.config.account(member.scope);
  if (!doc) return false;
  const before = member.principal.visits ?? [];
  // The rights of the session may have changed during the read; only what was read is set.
  const { visits = [], mayVisit = false } = await withVisits(engine, { scope: member.scope, doc }, member.principal);
  member.principal = { ...member.principal, visits, mayVisit };
  return visits.length !== before.length || visits.some((queue) => !before.includes(queue));
}

/** Rights of the queue; a temporary sign-in that another device or a supervisor made may not be known here yet. */
async function may(engine: Engine, member: AgentMember, action: Action, queueId: string): Promise<boolean> {
  const queue = { kind: 'queue', accountId: member.scope.accountId, queueId } as const;
  if (can(member.principal, action, queue)) return true;
  await refreshVisits(engine, member);
  return can(member.principal, action, queue);
}
