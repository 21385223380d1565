/**
 * ACC-4: who may appoint, change or remove whom. The super-admin appoints the first administrator, administrators appoint others, nobody rises
 * by the own hand, and an account never loses its last super-admin. Pure; the caller holds the account's row while it asks.
 */
import type { AccountRole, Principal } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';

const RANK: Record<AccountRole, number> = { member: 0, admin: 1, super_admin: 2 };

export interface Target {
  readonly id: string;
  readonly role: AccountRole;
}

/** Whether the one role is above the other. */
export function mayMore(one: AccountRole, other: AccountRole): boolean {
  return RANK[one] > RANK[other];
}

/** API keys look after members only: they administer data, not administrators. */
function rankOf(actor: Principal): number {
  return actor.kind === 'user' ? RANK[actor.role] : RANK.member;
}

/** @throws AppError forbidden */
export function requireMayAppoint(actor: Principal, role: AccountRole): void {
  if (RANK[role] > rankOf(actor)) throw new AppError('forbidden', { detail: `You cannot appoint a ${role}.` });
}

/** @throws AppError forbidden */
export function requireMayChange(actor: Principal, target: Target): void {
  if (RANK[target.role] > rankOf(actor)) throw new AppError('forbidden', { detail: `You cannot change a ${target.role}.` });
}

/** Somebody leaves a role or the account. `superAdmins` are the active ones. @throws AppError wrong_state */
export function requireSuperAdminLeft(target: Target, superAdmins: readonly string[]): void {
  if (target.role === 'super_admin' && !superAdmins.some((id) => id !== target.id)) {
    throw new AppError('wrong_state', { detail: 'This is the last super-admin. Appoint another one first.' });
  }
}

/** @throws AppError wrong_state */
export function requireNotSelf(actor: Principal, target: Target): void {
  if (actor.kind === 'user' && actor.userId === target.id)
    throw new AppError('wrong_state', { detail: 'Ask another administrator to do this for you.' });
}
