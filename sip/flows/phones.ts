/**
 * Ringing a person: one end of media, one INVITE to every phone that is registered now, and through a trunk to every outside number that is a phone of
 * the agent. Used for offers, hand-overs and consultations.
 */
import type { PhoneWays } from '../../queues/phones.ts';
import type { UserId } from '../../src/base/ids.ts';
import { familyAt } from '../app/family.ts';
import { invite, type Outgoing } from '../app/invite.ts';
import type { Call } from './call.ts';
import type { Leg, LegRole } from './leg.ts';
import type { Ring, RingResult } from './ring.ts';

export interface Rung {
  readonly role: LegRole;
  readonly userId: UserId;
  /** What the phone says before it answers, where it is the only one that rings. */
  readonly onProgress?: (status: number, sdp: string) => void;
}

/** Resolves with the first answer, the last refusal, or that `ring` was stopped. @throws AppError unavailable | rate_limited | gone */
export async function ringPhones(call: Call, ring: Ring, who: Rung): Promise<RingResult> {
  const { board, scope } = call;
  const identity = { role: who.role, name: who.userId, userId: who.userId };
  // Where both are known nothing is waited for: the INVITE leaves before whatever its caller goes on with.
  const ahead = call.openLegAhead(identity);
  const { name, bindings, external } = ring.ways ?? (await askWays(call, who.userId));
  const opened = ahead ?? (await call.openLeg(identity));
  const leg = bindings.length > 0 && bindings.every(isSix) ? await instead(call, opened, who) : opened;
  leg.name = name;
  ring.leg = leg;
  if (ring.isStopped) return { kind: 'stopped' };

  const sdp = leg.negotiation.offer({ first: call.codec });
  const onProgress = bindings.length + external.length === 1 ? who.onProgress : undefined;
  const attempts: Outgoing[] = [];
  for (const { contact, edge, flow } of bindings) {
    const link = board.link(edge);
    if (link?.isUp)
      attempts.push(
        invite(board.dialogs, link, { uri: contact, proxy: flow === '' ? undefined : flow, headers: presented(call), sdp, onProgress }),
      );
  }
  for (const { number } of external) {
    const dialled = await board.dialOut.dial({
      scope,
      number,
      by: who.userId,
      queueId: call.queueId || undefined,
      sdp,
      callerId: call.shown.user,
      onProgress,
    });
    if (dialled.ok) attempts.push(dialled.outgoing);
    else board.log.info({ call: call.id, agent: who.userId, reason: dialled.reason }, 'phone.external.refused');
  }
  const result = await ring.run(attempts);
  board.log.debug({ call: call.id, agent: who.userId, phones: attempts.length, result: result.kind }, 'ring.over');
  return result;
}

async function askWays({ board, scope }: Call, agentId: UserId): Promise<PhoneWays> {
  const [bindings, phones, name] = await Promise.all([
    board.engine.phones.bindingsOf(scope, agentId),
    board.phonesOf(scope, agentId),
    board.names.agent(scope, agentId),
  ]);
  return { name, bindings, external: phones.filter(({ type, isActive }) => type === 'external' && isActive) };
}

const isSix = ({ flow, contact }: PhoneWays['bindings'][number]): boolean => familyAt(flow || contact) === 'IPv6';

/** Nearly all phones are on IPv4, and none of them waits for the question which it is: the few others get their end of the media now. */
async function instead(call: Call, opened: Leg, { role, userId }: Rung): Promise<Leg> {
  call.discard(opened);
  return call.openLeg({ role, name: userId, userId }, 'IPv6');
}

/** What the agent's phone shows: the caller, as it was sent to us. */
function presented(call: Call): Record<string, string> {
  const { user, name } = call.shown;
  const plain = name.replaceAll(/["\\\r\n]/g, '');
  const known = /^\+?[A-Za-z0-9*._-]{1,64}$/.test(user) ? user : 'anonymous';
  return { from: `${plain ? `"${plain}" ` : ''}<sip:${known}@localhost>`, 'X-Call': call.id };
}
