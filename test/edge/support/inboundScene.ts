/** An edge whose time stands still unless the test moves it, an application, and a peer that calls. Made by `scene`. */
import { startTestEdge, type TestEdge } from './edges.ts';
import { ManualClock } from './manualClock.ts';
import { type PeerCall, SDP, SipPeer } from './sipPeer.ts';
import type { AppDialog, AppMessage, TestSrf } from './srf.ts';

export interface Scene {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly srf: TestSrf;
  readonly peer: SipPeer;
}

export async function scene(): Promise<Scene> {
  const clock = new ManualClock();
  const edge = await startTestEdge({ clock });
  return { clock, edge, srf: await edge.connect(), peer: await SipPeer.open(edge) };
}

interface Destroyed {
  readonly reason: string;
  readonly method: string;
}

/** Every call is answered; what becomes of it is noted. */
export function answerAll(srf: TestSrf): { dialogs: AppDialog[]; destroyed: Destroyed[]; acks: string[] } {
  const seen = { dialogs: [] as AppDialog[], destroyed: [] as Destroyed[], acks: [] as string[] };
  srf.invite(async (req, res) => {
    const uas = await srf.createUAS(req, res, { localSdp: SDP });
    seen.dialogs.push(uas);
    uas.on('destroy', (bye: AppMessage, reason: string) => seen.destroyed.push({ reason, method: bye.method }));
    uas.on('ack', (ack: AppMessage) => seen.acks.push(ack.method));
  });
  return seen;
}

export async function answered({ peer }: Scene): Promise<PeerCall> {
  const invite = peer.invite();
  return { invite, answer: await peer.response(200, 'INVITE') };
}
