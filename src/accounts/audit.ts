/**
 * ACC-11: who did what, when, from where. An entry about a change is written in the transaction of the change, so neither stands
 * without the other; the table refuses change and removal. Details name fields and values, never secrets or message text.
 */
import type { Kysely } from 'kysely';
import type { RouteRequest } from '../api/route.ts';
import type { Principal } from '../auth/can.ts';
import { assertNever } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import type { Tables } from '../db/tables.ts';
import type { AccessDeps } from './deps.ts';

/** What is recorded; the names are part of the API. */
export type AuditAction =
  | 'sign_in.passed'
  | 'sign_in.refused'
  | 'sign_in.locked'
  | 'sign_in.ended'
  | 'second_factor.refused'
  | 'second_factor.locked'
  | 'second_factor.enabled'
  | 'second_factor.disabled'
  | 'session.revoked'
  | 'password.changed'
  | 'invitation.accepted'
  | 'account.created'
  | 'account.changed'
  | 'user.invited'
  | 'user.changed'
  | 'user.deleted'
  | 'user.invitation_renewed'
  | 'queue.created'
  | 'queue.changed'
  | 'queue.deleted'
  | 'queue.member_added'
  | 'queue.member_removed'
  | 'skill.created'
  | 'skill.changed'
  | 'skill.deleted'
  | 'pause_reason.created'
  | 'pause_reason.changed'
  | 'pause_reason.deleted'
  | 'number.created'
  | 'number.changed'
  | 'number.deleted'
  | 'phone.created'
  | 'phone.changed'
  | 'phone.password_changed'
  | 'phone.deleted'
  | 'trunk.created'
  | 'trunk.changed'
  | 'trunk.deleted'
  | 'sound.created'
  | 'sound.changed'
  | 'sound.deleted'
  | 'outbound.changed'
  | 'agent.state_changed'
  | 'interaction.prioritized'
  | 'group.created'
  | 'group.changed'
  | 'group.deleted'
  | 'key.created'
  | 'key.revoked'
  | 'contact.erased'
  | 'audit.exported';

export interface Actor {
  readonly kind: 'user' | 'key' | 'visitor' | 'nobody' | 'system';
  readonly id: string;
  readonly name: string;
  readonly ip: string;
  readonly userAgent: string;
}

export interface AuditEntry {
  /** Null only for a sign-in with an e-mail that nobody has. */
  readonly accountId: string | null;
  readonly actor: Actor;
  readonly action: AuditAction;
  readonly target?: { readonly kind: string; readonly id: string };
  readonly detail?: Readonly<Record<string, unknown>>;
}

type Origin = Pick<RouteRequest<unknown, unknown, unknown>, 'ip' | 'userAgent'>;

const USER_AGENT_MAX_CHARS = 300;

export async function writeAudit(db: Kysely<Tables>, { accountId, actor, action, target, detail }: AuditEntry): Promise<void> {
  await db
    .insertInto('audit_log')
    .values({
      id: newId('audit'),
      account_id: accountId,
      actor_kind: actor.kind,
      actor_id: actor.id,
      actor_name: actor.name,
      action,
      target_kind: target?.kind ?? '',
      target_id: target?.id ?? '',
      ip: actor.ip,
      user_agent: actor.userAgent.slice(0, USER_AGENT_MAX_CHARS),
      detail: JSON.stringify(detail ?? {}),
    })
    .execute();
}

/** For what has already happened in Redis and must not be undone by a PostgreSQL that is away: the entry goes to the log then. */
export async function writeAuditOrLog({ db, log }: Pick<AccessDeps, 'db' | 'log'>, entry: AuditEntry): Promise<void> {
  try {
    await writeAudit(db, entry);
  } catch (error) {
    log.error({ entry, err: error }, 'audit.unwritten');
  }
}

/** Who sent the request. */
export function actorOf(request: Origin & { readonly principal: Principal }): Actor {
  const { principal } = request;
  switch (principal.kind) {
    case 'user':
      return userActor(principal.userId, principal.name, request);
    case 'key':
      return { kind: 'key', id: principal.keyId, name: '', ip: request.ip, userAgent: request.userAgent };
    case 'visitor':
      return { kind: 'visitor', id: principal.contactId, name: '', ip: request.ip, userAgent: request.userAgent };
    case 'nobody':
      return { kind: 'nobody', id: '', name: '', ip: request.ip, userAgent: request.userAgent };
    default:
      return assertNever(principal);
  }
}

export function userActor(id: string, name: string, origin: Origin): Actor {
  return { kind: 'user', id, name, ip: origin.ip, userAgent: origin.userAgent };
}

export const systemActor: Actor = { kind: 'system', id: '', name: '', ip: '', userAgent: '' };

/** What a change changed, as `{ field: [before, after] }`, for the detail of its entry. */
export function differences(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Record<string, [unknown, unknown]> {
  const changed = Object.keys(after).filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
  return Object.fromEntries(changed.map((field) => [field, [before[field], after[field]]]));
}
