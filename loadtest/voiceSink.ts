/**
 * Open sockets that nobody reads: where the media of silent phones goes. Run as a process: address, first port, step, count. Says `ready` and then sleeps for ever, so
 * that what comes costs the kernel's drop and nothing here; without a socket each packet would be answered by ICMP.
 */
import { createSocket } from 'node:dgram';

const [address = '127.0.0.1', first = '0', step = '4', count = '1'] = process.argv.slice(2);
const RECEIVE_BYTES = 4_096;

await Promise.all(
  Array.from({ length: Number(count) }, (_, place) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BYTES });
    return new Promise<void>((resolve, reject) => {
      // Open already, for all addresses, by somebody else: nothing is answered by ICMP there either.
      socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve() : reject(error)));
      socket.bind({ port: Number(first) + place * Number(step), address }, resolve);
    });
  }),
);
process.send?.('ready');
// The channel to our parent is read no more either: it ends us by SIGKILL.
await new Promise((resolve) => setTimeout(resolve, 100));
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
