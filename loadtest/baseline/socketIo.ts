/**
 * The baseline that most teams would build: Socket.IO 4 with its Redis streams adapter, as its documentation shows it.
 * Started by `loadtest/targets.ts`, one process per gateway: PORT and REDIS_URL in the environment. Prints `ready` when it listens.
 * A message is acknowledged at once (the adapter writes to the stream afterwards), is not validated and cannot be resumed.
 */
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

type Acknowledge = (answer: { ok: boolean; at: number }) => void;

const redis = new Redis(process.env.REDIS_URL ?? '');
const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(redis, { onlyPlaintext: true }),
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
});

io.on('connection', (socket) => {
  socket.on('join', (room: string, done: Acknowledge) => {
    void socket.join(room);
    done({ ok: true, at: Date.now() });
  });
  socket.on('send', (room: string, message: { mid: string; text: string }, done: Acknowledge) => {
    const at = Date.now();
    socket.to(room).emit('message', { ...message, at, from: socket.id });
    done({ ok: true, at });
  });
});

http.listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('ready\n'));
process.once('SIGTERM', () => process.exit(0));
