/** The few frames of `loadtest/baseline/bareUws.ts`. */
import type { Dialect, Seat } from './dialect.ts';
import { openRooms } from './rooms.ts';
import { startsWith, Wire } from './wire.ts';

const MESSAGE = Buffer.from('{"t":"message"');
const REPLY = Buffer.from('{"t":"reply"');

export function bareUwsDialect(ports: readonly number[], onFrame: (frame: Buffer, wire: Wire) => void): Dialect {
  const connect = async (gateway: number): Promise<Wire> => {
    const wire = await Wire.open(`ws://127.0.0.1:${ports[gateway % ports.length]}/`);
    wire.onFrame = onFrame;
    return wire;
  };
  const join = async (wire: Wire, room: string): Promise<Seat> => {
    await wire.ask(`{"t":"join","id":0,"room":"${room}"}`, (frame) => startsWith(frame, REPLY));
    let id = 1;
    return { wire, send: (mid, text) => wire.send(`{"t":"send","id":${id++},"room":"${room}","mid":"${mid}","text":"${text}"}`) };
  };
  return {
    ...openRooms({ connect, join }),
    isDelivery: (frame) => startsWith(frame, MESSAGE),
  };
}
