/** Phones that only listen, of the rtp benchmark: their sockets are open and never read, for this process stops itself. What comes is dropped by the kernel. */
import { createSocket } from 'node:dgram';
import type { ServeOrder, ServeReport } from './rtpOrders.ts';

process.on('message', async ({ count }: ServeOrder) => {
  const ports: number[] = [];
  for (let index = 0; index < count; index++) {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    ports.push(socket.address().port);
  }
  process.send?.({ did: 'opened', ports } satisfies ServeReport, () => process.kill(process.pid, 'SIGSTOP'));
});
process.once('disconnect', () => process.exit(0));
