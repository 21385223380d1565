/**
 * The floor: bare uWebSockets.js with rooms, and Redis PUBLISH between two processes. Nothing is stored, checked, ordered or resumed.
 * Started by `loadtest/targets.ts`, one process per gateway: PORT and REDIS_URL in the environment. Prints `ready` when it listens.
 */

import uWS from 'uWebSockets.js';
import { Redis } from 'ioredis';

type ClientFrame = { t: 'join'; id: number; room: string } | { t: 'send'; id: number; room: string; mid: string; text: string };

const CHANNEL = 'relay';
const origin = String(process.pid);
const publisher = new Redis(process.env.REDIS_URL ?? '', { enableAutoPipelining: true });
const subscriber = publisher.duplicate();
const app = uWS.App();

app.ws<Record<string, never>>('/*', {
  compression: uWS.DISABLED,
  idleTimeout: 120,
  message(socket, bytes) {
    const frame = JSON.parse(Buffer.from(bytes).toString()) as ClientFrame;
    if (frame.t === 'join') {
      socket.subscribe(frame.room);
    } else {
      const event = JSON.stringify({ t: 'message', room: frame.room, mid: frame.mid, text: frame.text, at: Date.now() });
      socket.publish(frame.room, event);
      publisher.publish(CHANNEL, `${origin} ${frame.room} ${event}`).catch((error: unknown) => {
        process.stderr.write(`relay: ${String(error)}\n`);
      });
    }
    socket.send(`{"t":"reply","id":${frame.id}}`);
  },
});

subscriber.on('message', (_channel, relayed) => {
  const afterOrigin = relayed.indexOf(' ');
  if (relayed.slice(0, afterOrigin) === origin) return;
  const afterRoom = relayed.indexOf(' ', afterOrigin + 1);
  app.publish(relayed.slice(afterOrigin + 1, afterRoom), relayed.slice(afterRoom + 1));
});

await subscriber.subscribe(CHANNEL);
app.listen('127.0.0.1', Number(process.env.PORT), (token) => {
  if (!token) throw new Error(`cannot listen on port ${process.env.PORT}`);
  process.stdout.write('ready\n');
});
process.once('SIGTERM', () => process.exit(0));
