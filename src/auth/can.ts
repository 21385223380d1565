/**
 * Who may do what: one check for routes, commands and feed subscriptions. Deny by default; a right exists if a role gives it.
 * Pure: it reads the principal's snapshot only.
 */
import { assertNever } from '../base/errors.ts';
import type { AccountId, ContactId, UserId } from '../base/ids.ts';

/** Account-wide roles (ACC-4); supervisor and agent are per queue. */
export type AccountRole = 'super_admin' | 'admin' | 'member';

/** A signed-in person. Rights are a snapshot, replaced when they change (`Sessions.refresh`). */
export interface UserPrincipal {
  readonly kind: 'user';
  readonly accountId: AccountId;
  readonly userId: UserId;
  readonly name: string;
  readonly role: AccountRole;
  /** Queues the user supervises, and serves. */
  readonly supervises: readonly string[];
  readonly serves: readonly string[];
  /** ACC-5: queues signed in to for a time without being assigned; known where live state was asked. */
  readonly visits?: readonly string[];
  /** ACC-5: the account lets users sign in to queues they are not assigned to. */
  readonly mayVisit?: boolean;
  readonly sessionId: string;
}

/** ACC-8: `rest` keys act as an administrator of the account's data; `chatbot` keys reach the chatbot API only. */
export interface KeyPrincipal {
  readonly kind: 'key';
  readonly accountId: AccountId;
  readonly keyId: string;
  readonly type: 'rest' | 'chatbot';
}

export interface VisitorPrincipal {
  readonly kind: 'visitor';
  readonly accountId: AccountId;
  readonly contactId: ContactId;
  readonly groupPublicId: string;
}

export interface NobodyPrincipal {
  readonly kind: 'nobody';
}

export type Principal = UserPrincipal | KeyPrincipal | VisitorPrincipal | NobodyPrincipal;

/** Every right there is. `scope` says on what it is asked. */
export const ACTIONS = [
  'public', // anybody
  'session.own', // any signed-in person, about themselves
  'account.read',
  'account.manage',
  'users.read',
  'users.manage',
  'queues.read',
  'queues.manage',
  'groups.read',
  'groups.manage',
  'keys.manage',
  'audit.read',
  'skills.read',
  'skills.manage',
  'pauseReasons.read',
  'pauseReasons.manage',
  'agents.read', // live state of agents
  'agents.act', // sign in, pause, end a wrap-up …: oneself, or whom one supervises
  'desk.open',
  'phones.read', // numbers, phones and whether they are live, sounds
  'phones.manage', // these, trunks, and what may be called
  'calls.act', // hold, transfer …: in one's own call, or where one supervises
  'interactions.create', // by API
  'conversation.serve', // take, answer, close
  'conversation.read', // one's queues
  'conversation.supervise',
  'history.read',
  'interactions.explain', // why who was given what; agents: why not they
  'file.read',
  'file.upload',
  'visitor.chat', // as visitor, own conversations
] as const;
export type Action = (typeof ACTIONS)[number];

export type ActionScope =
  | { readonly kind: 'account'; readonly accountId: string }
  | { readonly kind: 'queue'; readonly accountId: string; readonly queueId: string }
  | { readonly kind: 'own'; readonly accountId: string; readonly ownerId: string };

const ADMIN_ONLY: ReadonlySet<Action> = new Set([
  'account.manage',
  'users.manage',
  'queues.manage',
  'groups.manage',
  'skills.manage',
  'pauseReasons.manage',
  'phones.manage',
  'keys.manage',
  'audit.read',
]);

/** Whether the principal may do it there. Another account's scope is always refused. */
export function can(principal: Principal, action: Action, scope: ActionScope): boolean {
  if (action === 'public') return true;
  if (principal.kind === 'nobody' || principal.accountId !== scope.accountId) return false;
  switch (principal.kind) {
    case 'user':
      return userCan(principal, action, scope);
    case 'key':
      return (
        principal.type === 'rest' &&
        action !== 'session.own' &&
        action !== 'visitor.chat' &&
        action !== 'conversation.serve' &&
        action !== 'desk.open'
      );
    case 'visitor':
      return visitorCan(principal, action, scope);
    default:
      return assertNever(principal);
  }
}

function userCan(user: UserPrincipal, action: Action, scope: ActionScope): boolean {
  const isAdmin = user.role === 'super_admin' || user.role === 'admin';
  if (action === 'session.own') return scope.kind !== 'own' || scope.ownerId === user.userId;
  if (action === 'visitor.chat') return false;
  if (ADMIN_ONLY.has(action)) return isAdmin;
  const among = (queues: readonly string[]): boolean => (scope.kind === 'queue' ? queues.includes(scope.queueId) : queues.length > 0);
  const isSupervisor = among(user.supervises);
  if (action === 'conversation.supervise' || action === 'interactions.create') return isAdmin || isSupervisor;
  if (isAdmin && action !== 'conversation.serve') return true;
  const serves = among(user.serves);
  // A temporary sign-in shows the desk for that queue and gives no role (ACC-5): neither history nor the account's people.
  const visits = among(user.visits ?? []);
  switch (action) {
    case 'conversation.serve':
      return serves || visits;
    case 'conversation.read':
    case 'queues.read':
    case 'agents.read':
    case 'pauseReasons.read':
    case 'skills.read':
    case 'file.read':
    case 'file.upload':
    case 'calls.act':
      return serves || isSupervisor || visits;
    case 'agents.act':
    case 'desk.open':
      return serves || isSupervisor || visits || user.mayVisit === true;
    case 'history.read':
    case 'interactions.explain':
      return serves || isSupervisor;
    case 'groups.read':
    case 'phones.read':
    case 'users.read':
    case 'account.read':
      return user.supervises.length > 0;
    default:
      return false;
  }
}

function visitorCan(visitor: VisitorPrincipal, action: Action, scope: ActionScope): boolean {
  if (scope.kind !== 'own' || scope.ownerId !== visitor.contactId) return false;
  return action === 'visitor.chat' || action === 'file.read' || action === 'file.upload';
}
