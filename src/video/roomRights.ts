/** Whether a room may still be, who may still be in it, and what they may send: asked again whenever one of the things that decide it changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { InteractionId, UserId } from '../base/ids.ts';
import type { VideoRules } from '../protocol/video.ts';
import type { InteractionView } from '../protocol/views.ts';
import { takesPart } from './commands.ts';
import type { Person } from './roomRecord.ts';
import { videoRulesOf } from './rules.ts';

/** over: the conversation is. closed: the account is inactive, or its group has no video any more. */
export type RoomRights =
  | { readonly is: 'over' }
  | { readonly is: 'closed' }
  | { readonly is: 'allowed'; readonly rules: VideoRules; readonly mustGo: readonly Person[] };

/** @throws AppError unavailable (Redis is away) */
export async function roomRights(
  engine: Pick<Engine, 'views' | 'config' | 'sessions'>,
  scope: Scope,
  id: InteractionId,
  people: readonly Person[],
): Promise<RoomRights> {
  const view = await engine.views.interaction(scope, id);
  if (!view || view.state === 'ended' || view.state === 'closed') return { is: 'over' };
  const [account, rules] = await Promise.all([engine.config.account(scope), videoRulesOf(engine, scope, view)]);
  if (!account?.isActive || !rules.isOn) return { is: 'closed' };
  const stays = await Promise.all(people.map((person) => mayStay(engine, scope, view, person)));
  return { is: 'allowed', rules, mustGo: people.filter((_, index) => !stays[index]) };
}

/** APP-10: what a side may send differs. */
export function differ(before: VideoRules, after: VideoRules): boolean {
  return !isDeepStrictEqual([before.agent, before.client], [after.agent, after.client]);
}

/** An agent takes part, and the session that entered has not been ended. */
async function mayStay(
  { sessions }: Pick<Engine, 'sessions'>,
  scope: Scope,
  view: InteractionView,
  { role, userId = '', sessionId }: Person,
): Promise<boolean> {
  if (role === 'customer') return true;
  if (!takesPart(view, userId)) return false;
  return sessionId === undefined || (await sessions.list(scope, userId as UserId)).some(({ id }) => id === sessionId);
}
