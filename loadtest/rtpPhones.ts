/**
 * The phones of the rtp benchmark: a process of its own on the other core, a connected socket per phone, G.711 packets of 20 ms evenly spread. Sends at its
 * own pace whatever comes back. Its limit is some 90,000 packets a second sent and received together; a run says how late it was itself.
 */
import { createSocket, type Socket } from 'node:dgram';
import { quantile } from './report.ts';
import type { PhoneOrder, PhoneReport } from './rtpOrders.ts';

const PACKET_BYTES = 172;
const FRAME_MS = 20;
const SETTLE_MS = 500;
const SENT_AT = 12;
/** Of the delays and gaps seen, every so many is kept. */
const KEEP = 5;

interface Phone {
  readonly socket: Socket;
  readonly packet: Buffer;
  sequence: number;
  lastAt: number;
}

const phones: Phone[] = [];
const run = { isMeasured: false, isPaired: false, heard: 0, sent: 0, seen: 0, from: 0, to: 0 };
let delaysMs: number[] = [];
let gapsMs: number[] = [];
let latesMs: number[] = [];

const tell = (report: PhoneReport): void => void process.send?.(report);
process.on('message', (order: PhoneOrder) => {
  obey(order).catch((error: unknown) => tell({ did: 'failed', error: String((error as Error).stack ?? error) }));
});
process.once('disconnect', () => process.exit(0));

async function obey(order: PhoneOrder): Promise<void> {
  switch (order.do) {
    case 'open': {
      const opened = [];
      for (let count = 0; count < order.count; count++) opened.push(await openPhone());
      return tell({ did: 'opened', ports: opened });
    }
    case 'aim':
      for (const [index, port] of order.targets.entries()) phones[order.from + index]?.socket.connect(port, '127.0.0.1');
      return tell({ did: 'aimed' });
    case 'run':
      return runLoad(order);
  }
}

function openPhone(): Promise<number> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000, lookup: (host, _options, done) => done(null, host, 4) });
  const packet = Buffer.alloc(PACKET_BYTES, 0xd5);
  packet[0] = 0x80;
  packet[1] = 0;
  packet.writeUInt32BE(phones.length + 1, 8);
  const phone: Phone = { socket, packet, sequence: 0, lastAt: 0 };
  phones.push(phone);
  socket.on('message', (bytes) => hear(phone, bytes));
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)));
}

function hear(phone: Phone, bytes: Buffer): void {
  if (bytes.length !== PACKET_BYTES) return;
  const now = performance.now();
  if (run.isPaired) {
    // Counted by when it was sent, so that what is under way at either end of the window is no loss.
    const sentAt = bytes.readDoubleLE(SENT_AT);
    if (sentAt < run.from || sentAt >= run.to) return;
    run.heard++;
    if (run.seen++ % KEEP === 0) delaysMs.push(now - sentAt);
  } else if (run.isMeasured) {
    run.heard++;
    if (phone.lastAt > 0 && run.seen++ % KEEP === 0) gapsMs.push(now - phone.lastAt);
  }
  phone.lastAt = now;
}

async function runLoad({ phones: count, isSending, isPaired, warmUpMs, measureMs }: Extract<PhoneOrder, { do: 'run' }>): Promise<void> {
  const startedAt = performance.now();
  delaysMs = [];
  gapsMs = [];
  latesMs = [];
  Object.assign(run, {
    isMeasured: false,
    isPaired,
    heard: 0,
    sent: 0,
    seen: 0,
    from: startedAt + warmUpMs,
    to: startedAt + warmUpMs + measureMs,
  });
  for (const phone of phones) phone.lastAt = 0;
  let cpu = process.cpuUsage();
  let cores = 0;
  for (let sent = 0; ; ) {
    const now = performance.now();
    if (!run.isMeasured && cores === 0 && now >= run.from) {
      run.isMeasured = true;
      cpu = process.cpuUsage();
      tell({ did: 'windowBegan' });
    }
    if (run.isMeasured && now >= run.to) {
      run.isMeasured = false;
      const used = process.cpuUsage(cpu);
      cores = (used.user + used.system) / 1_000 / (now - run.from);
      tell({ did: 'windowEnded' });
      break;
    }
    if (isSending) sent = sendDue(startedAt, count, sent);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  tell({ did: 'ran', sent: run.sent, heard: run.heard, windowMs: measureMs, delaysMs, gapsMs, lateP99Ms: quantile(latesMs, 0.99), cores });
}

/** Every phone each 20 ms, one after the other. @returns how many packets were sent so far */
function sendDue(startedAt: number, count: number, sent: number): number {
  const due = Math.floor(((performance.now() - startedAt) / FRAME_MS) * count);
  for (let number = sent; number < due; number++) {
    const { socket, packet, sequence } = phones[number % count] as Phone;
    const now = performance.now();
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE((sequence * 160) >>> 0, 4);
    packet.writeDoubleLE(now, SENT_AT);
    (phones[number % count] as Phone).sequence++;
    if (now >= run.from && now < run.to) {
      run.sent++;
      if (number % 50 === 0) latesMs.push(now - startedAt - (number / count) * FRAME_MS);
    }
    socket.send(packet);
  }
  return due;
}
