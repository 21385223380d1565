/** Desks and rooms for servers whose conversations are plain rooms that any socket may join: both baselines. */
import type { Dialect, Seat, Talk } from './dialect.ts';
import type { Wire } from './wire.ts';

interface RoomServer {
  /** A socket to the gateway with that number, counted round. */
  connect(gateway: number): Promise<Wire>;
  join(wire: Wire, room: string): Promise<Seat>;
}

export function openRooms({ connect, join }: RoomServer): Pick<Dialect, 'openDesk' | 'openRoom' | 'openIdle'> {
  return {
    async openDesk(index, conversations): Promise<Talk[]> {
      const agent = await connect(index);
      const talks: Talk[] = [];
      for (let place = 0; place < conversations; place++) {
        const room = `conversation-${index}-${place}`;
        const agentSeat = await join(agent, room);
        const visitorSeat = await join(await connect(index + 1), room);
        talks.push({ from: agentSeat, to: [visitorSeat] }, { from: visitorSeat, to: [agentSeat] });
      }
      return talks;
    },
    async openRoom(index, audience) {
      const room = `room-${index}`;
      const from = await join(await connect(index), room);
      const to = await Promise.all(Array.from({ length: audience }, async (_, place) => join(await connect(place), room)));
      return { from, to };
    },
    openIdle: (index) => connect(index),
  };
}
