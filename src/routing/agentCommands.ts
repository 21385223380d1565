/**
 * What an agent's state may be told to be, and by whom: by the agent, by supervisors as far as their queues go, by administrators and API keys.
 * Sockets and REST say it through here, so both keep to one set of rules (RTE-4, RTE-7, ACC-5); who serves what is the script's to decide.
 */
import type { AgentCommand, Engine, Scope } from '../../queues/engine.ts';
import { can, type Principal } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';
import type { QueueId, UserId } from '../base/ids.ts';
import { settled } from '../gateway/commandRefused.ts';
import type { AgentView } from '../protocol/views.ts';
import { pauseReasonOf } from './pauseReasons.ts';

export type StateChange = 'sign_in' | 'sign_out' | 'pause' | 'resume';

export interface StateCommand {
  readonly what: StateChange;
  readonly agentId: UserId;
  readonly key: string;
  readonly queues?: readonly string[] | undefined;
  /** Of a pause: id or name. */
  readonly reason?: string | undefined;
}

type Views = Pick<Engine, 'views' | 'config' | 'router'>;

/** @throws AppError not_found, forbidden, invalid (reason), not_signed_in, unavailable */
export async function changeAgentState(engine: Views, scope: Scope, principal: Principal, command: StateCommand): Promise<AgentView> {
  const { what, agentId, key } = command;
  const { queues, isSupervisor } = await reachOf(engine, scope, principal, command);
  if (what === 'sign_in') await requireMaySignIn(engine, scope, agentId, queues ?? []);
  const agent: AgentCommand = { agentId, key, isSupervisor, ...(queues && { queues: queues as QueueId[] }) };
  switch (what) {
    case 'sign_in':
      return settled(await engine.router.signIn(scope, agent)).agent;
    case 'sign_out':
      return settled(await engine.router.signOut(scope, agent)).agent;
    case 'resume':
      return settled(await engine.router.resume(scope, agent)).agent;
    case 'pause': {
      const account = await engine.config.account(scope);
      if (!account) throw new AppError('unavailable', { detail: 'The account is being prepared.' });
      return settled(await engine.router.pause(scope, { ...agent, reason: pauseReasonOf(account, command.reason) })).agent;
    }
  }
}

/** Whether the principal is the agent. */
export function isOneself(principal: Principal, agentId: string): boolean {
  return principal.kind === 'user' && principal.userId === agentId;
}

/**
 * On which queues the command works. Supervisors reach the agent in the queues they supervise: naming none means those of the agent's that are
 * theirs. @throws AppError not_found (no such agent, or none of theirs), forbidden
 */
async function reachOf(
  engine: Views,
  scope: Scope,
  principal: Principal,
  { agentId, queues }: StateCommand,
): Promise<{ queues: readonly string[] | undefined; isSupervisor: boolean }> {
  if (isOneself(principal, agentId)) return { queues, isSupervisor: false };
  const { accountId } = scope;
  const supervises = (queueId: string): boolean => can(principal, 'conversation.supervise', { kind: 'queue', accountId, queueId });
  const found = await engine.views.agent(scope, agentId);
  if (!found) throw new AppError('not_found');
  const own = found.agent.queues.map(({ id }) => id);
  if (!own.some(supervises) && !isAdministrator(principal)) throw new AppError('not_found');
  if (queues?.some((queue) => !supervises(queue))) throw new AppError('forbidden', { detail: 'You do not supervise all of these queues.' });
  return { queues: queues ?? (own.every(supervises) ? undefined : own.filter(supervises)), isSupervisor: true };
}

function isAdministrator(principal: Principal): boolean {
  return principal.kind === 'key' || (principal.kind === 'user' && principal.role !== 'member');
}

/**
 * ACC-5: queues that the agent is not assigned to take the account's permission, whoever signs in; where a temporary sign-in stands it may be said
 * again, as desks do when they come back. @throws AppError not_found, forbidden
 */
async function requireMaySignIn(engine: Views, scope: Scope, agentId: UserId, queues: readonly string[]): Promise<void> {
  if (queues.length === 0) return;
  const [account, agent, visited] = await Promise.all([
    engine.config.account(scope),
    engine.config.agent(scope, agentId),
    engine.views.temporaryQueues(scope, agentId),
  ]);
  for (const id of queues) {
    if (agent?.queues.includes(id) || visited.includes(id)) continue;
    if (!(await engine.config.queue(scope, id as QueueId))) throw new AppError('not_found', { detail: `There is no queue ${id}.` });
    if (!account?.canSignInAnywhere)
      throw new AppError('forbidden', { detail: 'The account does not let users sign in to queues they are not assigned to.' });
  }
}
