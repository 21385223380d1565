/** What news of a room mean for one browser that is in it. Pure. */
import type { RoomView } from '../socket/wire.ts';

export type Side = 'customer' | 'agent';

export interface OwnPlace {
  readonly peer: string;
  readonly side: Side;
  /** Of an agent, as the room names us. */
  readonly userId: string | undefined;
  /** Of the room that was entered. */
  readonly epoch: string;
}

/** replaced: the same person entered elsewhere. lost: the room was built anew, or took us for gone. */
export type Standing = 'in' | 'lost' | 'replaced';

export function standingIn({ peers, epoch }: RoomView, place: OwnPlace): Standing {
  const own = peers.find(({ id }) => id === place.peer);
  const isElsewhere = peers.some(({ id, role, userId }) => id !== place.peer && role === place.side && userId === place.userId);
  // One person is in once: who entered last stays, or two windows would push each other out for ever.
  if (!own && isElsewhere) return 'replaced';
  return own?.state === 'joined' && epoch === place.epoch ? 'in' : 'lost';
}

/** News come by the feed and by answers, in no order: what is older than what is known is passed over. */
export function isOlder(room: RoomView, known: RoomView | undefined): boolean {
  if (!known) return false;
  return room.startedAt < known.startedAt || (room.startedAt === known.startedAt && room.version < known.version);
}
