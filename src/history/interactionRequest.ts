/** How routes below `/api/v1/interactions/:id` begin: which interaction is meant, where it lives, and whether who asks may see it. */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { Principal } from '../auth/can.ts';
import { accountOf } from '../auth/principal.ts';
import { scopeOf } from '../auth/sessionRoutes.ts';
import { AppError } from '../base/errors.ts';
import { type InteractionId, isId } from '../base/ids.ts';
import type { InteractionView } from '../protocol/views.ts';
import { partyOfView } from './party.ts';
import { viewerOf } from './visibility.ts';

interface InteractionRequest {
  readonly params: { readonly id: string };
  readonly principal: Principal;
}

/** @throws AppError not_found (no such id), unavailable */
export async function interactionOf(
  deps: { readonly engine: Engine },
  { params: { id }, principal }: InteractionRequest,
): Promise<{ id: InteractionId; scope: Scope }> {
  if (!isId('interaction', id)) throw new AppError('not_found');
  return { id, scope: await scopeOf(deps, accountOf(principal)) };
}

/** @throws AppError not_found (also what may not be seen), unavailable */
export async function seenInteraction(
  deps: { readonly engine: Engine },
  request: InteractionRequest,
): Promise<{ id: InteractionId; scope: Scope; view: InteractionView }> {
  const { id, scope } = await interactionOf(deps, request);
  const view = await deps.engine.views.interaction(scope, id);
  if (!view || !viewerOf(request.principal, partyOfView(scope.accountId, view), 'conversation.read')) throw new AppError('not_found');
  return { id, scope, view };
}
