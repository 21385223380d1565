/**
 * VOX-4: what an agent asks of a phone call, on its way from the desk or the API to the process that carries the call. Whose call it is decides here;
 * whether it is possible just now, the call's own flow.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import { can, type Principal } from '../auth/can.ts';
import { AppError } from '../base/errors.ts';
import type { InteractionId, UserId } from '../base/ids.ts';
import type { CallCommandBody } from '../protocol/calls.ts';
import { CALL_COMMAND_WITHIN_MS } from '../protocol/limits.ts';
import type { InteractionView } from '../protocol/views.ts';

type CallEngine = Pick<Engine, 'views' | 'phones'>;

export interface CallOrder {
  readonly interactionId: InteractionId;
  /** Once per intent: the same key again has no further effect. */
  readonly key: string;
  readonly command: CallCommandBody;
  /** When it is too late for it, by this machine's clock: somebody pressed a button, and sees by now that nothing came of it. */
  readonly before?: number | undefined;
}

/**
 * Resolves when the call did it. By its owner, a participant, or who supervises its queue; answering and declining also by whom it is offered to.
 * @throws AppError not_found, forbidden, gone (nobody carries it any more), wrong_state (not now), unavailable (nobody answered, or too late)
 */
export async function actOnCall(engine: CallEngine, scope: Scope, principal: Principal, order: CallOrder): Promise<void> {
  const { interactionId, key, command, before } = order;
  const view = await engine.views.interaction(scope, interactionId);
  if (!view) throw new AppError('not_found');
  const by = principal.kind === 'user' ? principal.userId : '';
  await requireRight(engine, scope, principal, view, command);
  if (view.medium !== 'voice') throw new AppError('wrong_state', { detail: 'This is not a call.' });
  const carrier = await engine.phones.carrier(interactionId);
  if (!carrier) throw new AppError('gone', { detail: 'The call is over.' });
  const body = JSON.stringify({ by, command });
  const leftMs = before === undefined ? CALL_COMMAND_WITHIN_MS : Math.min(CALL_COMMAND_WITHIN_MS, before - Date.now());
  if (leftMs <= 0) throw new AppError('unavailable', { detail: 'It was asked too long ago.' });
  await engine.phones.ask(carrier.node, { id: `${scope.accountId}:${by}:${key}`, call: carrier.call, body }, leftMs);
}

async function requireRight(
  engine: CallEngine,
  scope: Scope,
  principal: Principal,
  view: InteractionView,
  command: CallCommandBody,
): Promise<void> {
  const queue = { kind: 'queue', accountId: scope.accountId, queueId: view.queue } as const;
  if (can(principal, 'conversation.supervise', queue)) return;
  if (principal.kind === 'user') {
    const me = principal.userId;
    if (view.owner?.id === me || view.participants.some(({ id }) => id === me)) return;
    if ((command.do === 'answer' || command.do === 'decline') && (await isOfferedTo(engine, scope, me, view.id))) return;
  }
  throw new AppError(can(principal, 'conversation.read', queue) ? 'forbidden' : 'not_found');
}

async function isOfferedTo(engine: CallEngine, scope: Scope, agentId: UserId, interactionId: string): Promise<boolean> {
  const agent = await engine.views.agent(scope, agentId);
  return agent?.offers.some(({ interaction }) => interaction === interactionId) ?? false;
}
