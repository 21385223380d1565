/** Which messages of a conversation somebody may read, and whether the conversation is theirs to read at all. Pure; deny by default. */
import { type Action, can, type Principal } from '../auth/can.ts';

/** Who reads. Supervisors and REST keys see what was said to single participants, too. */
export type Viewer =
  | { readonly kind: 'visitor'; readonly id: string }
  | { readonly kind: 'staff'; readonly id: string; readonly seesAll: boolean };

/** Sees what is for everyone, and nothing else. */
export const STRANGER: Viewer = { kind: 'visitor', id: '' };

/** What deciding about a conversation takes, from Redis or PostgreSQL. */
export interface Party {
  readonly accountId: string;
  readonly queueId: string;
  readonly contactId: string;
  /** Agents who own it or take part. */
  readonly memberIds: readonly string[];
}

/** The principal as a reader of the conversation; undefined: it is none of theirs. */
export function viewerOf(principal: Principal, party: Party, action: Action): Viewer | undefined {
  if (principal.kind === 'nobody' || principal.accountId !== party.accountId) return undefined;
  if (principal.kind === 'visitor') {
    const own = { kind: 'own', accountId: party.accountId, ownerId: party.contactId } as const;
    return can(principal, action, own) ? { kind: 'visitor', id: principal.contactId } : undefined;
  }
  const queue = { kind: 'queue', accountId: party.accountId, queueId: party.queueId } as const;
  const id = principal.kind === 'user' ? principal.userId : principal.keyId;
  const takesPart = principal.kind === 'user' && party.memberIds.includes(principal.userId);
  if (!takesPart && !can(principal, action, queue)) return undefined;
  return { kind: 'staff', id, seesAll: can(principal, 'conversation.supervise', queue) };
}

/** `visibility` is everyone, staff, or the id of one participant. The author always sees the own. */
export function isVisible(message: { readonly visibility: string; readonly authorId: string }, viewer: Viewer): boolean {
  const { visibility, authorId } = message;
  if (visibility === 'everyone') return true;
  if (viewer.id !== '' && (visibility === viewer.id || authorId === viewer.id)) return true;
  return viewer.kind === 'staff' && (visibility === 'staff' || viewer.seesAll);
}
