/** Socket.IO's protocol (Engine.IO 4 over WebSocket only) as its own client sends it, for `loadtest/baseline/socketIo.ts`. */
import type { Dialect, Seat } from './dialect.ts';
import { openRooms } from './rooms.ts';
import { startsWith, Wire } from './wire.ts';

const OPEN = Buffer.from('0{');
const CONNECTED = Buffer.from('40');
const PING = Buffer.from('2');
const JOINED = Buffer.from('430[');
const MESSAGE = Buffer.from('42["message"');

export function socketIoDialect(ports: readonly number[], onFrame: (frame: Buffer, wire: Wire) => void): Dialect {
  const connect = async (gateway: number): Promise<Wire> => {
    const wire = await Wire.open(`ws://127.0.0.1:${ports[gateway % ports.length]}/socket.io/?EIO=4&transport=websocket`);
    wire.onFrame = (frame, from) => {
      if (frame.length === 1 && startsWith(frame, PING)) from.send('3');
      else if (!startsWith(frame, OPEN)) onFrame(frame, from);
    };
    await wire.ask('40', (frame) => startsWith(frame, CONNECTED));
    return wire;
  };
  const join = async (wire: Wire, room: string): Promise<Seat> => {
    await wire.ask(`420["join","${room}"]`, (frame) => startsWith(frame, JOINED));
    let acknowledgement = 1;
    return { wire, send: (mid, text) => wire.send(`42${acknowledgement++}["send","${room}",{"mid":"${mid}","text":"${text}"}]`) };
  };
  return {
    ...openRooms({ connect, join }),
    isDelivery: (frame) => startsWith(frame, MESSAGE),
  };
}
