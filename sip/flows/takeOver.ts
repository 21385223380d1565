/**
 * Attended transfer as phones do it: the agent talked to a colleague in a second call, and now joins the colleague with the caller of the first. The colleague's leg
 * moves from that call into this one: new media beside the caller's, and a new offer to the phone; the second call is over then.
 */
import { newId, type UserId } from '../../src/base/ids.ts';
import type { Call } from './call.ts';
import { agentGone, dropLeg } from './hangUp.ts';
import type { Leg } from './leg.ts';
import { reinvite } from './moveLeg.ts';
import { agentOf } from './state.ts';
import { joinAgent } from './talking.ts';
import type { Done } from './transfer.ts';

export async function takeOver(call: Call, other: Call, colleague: Leg): Promise<Done> {
  const { owner } = call;
  const agent = agentOf(call.state);
  const to = colleague.userId as UserId;
  if (!owner || !agent || !colleague.userId) return { ok: false, code: 'wrong_state' };
  // The second call ends first: an agent has room for one.
  const moved = await reinvite(colleague, other, call);
  if (!moved) return { ok: false, code: 'wrong_state' };
  call.expectedOwner = to;
  await agentGone(other, 'joined with another call');
  const command = { interactionId: call.interaction, from: owner, to, key: newId('command'), isSupervisor: false };
  const done = await call.board.engine.router.transferInteraction(call.scope, command);
  call.expectedOwner = undefined;
  if (!done.ok || call.isOver) {
    dropLeg(call, moved, 'transfer refused');
    return done.ok ? { ok: false, code: 'gone' } : done;
  }
  joinAgent(call, moved, to);
  dropLeg(call, agent, 'transferred');
  return { ok: true };
}
