/**
 * What Node can do at most: receives, rewrites SSRC and sequence number, sends to the other side from a connected socket. No checks, no counting, no RTCP, no
 * clock. A process of the rtp benchmark; opens pairs of sockets on order.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { ServeOrder, ServeReport } from '../rtpOrders.ts';

process.on('message', async ({ count }: ServeOrder) => {
  const ports: number[] = [];
  for (let call = 0; call < count; call++) {
    const [a, b] = [await open(), await open()];
    relay(a, b);
    relay(b, a);
    ports.push(a.address().port, b.address().port);
  }
  process.send?.({ did: 'opened', ports } satisfies ServeReport);
});
process.once('disconnect', () => process.exit(0));

function relay(from: Socket, to: Socket): void {
  const ssrc = Math.floor(Math.random() * 2 ** 32);
  let sequence = 0;
  let isConnected = false;
  let isTargetConnected = false;
  to.once('connect', () => {
    isTargetConnected = true;
  });
  from.on('error', () => undefined);
  from.on('message', (bytes, source) => {
    if (!isConnected) from.connect(source.port, source.address);
    isConnected = true;
    if (!isTargetConnected) return;
    sequence = (sequence + 1) & 0xffff;
    bytes.writeUInt16BE(sequence, 2);
    bytes.writeUInt32BE(ssrc, 8);
    to.send(bytes);
  });
}

function open(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}
