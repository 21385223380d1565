/**
 * The phones of the rtp benchmark: a process of its own on the other core, a connected socket per phone, G.711 packets of 20 ms evenly spread. Sends at its
 * own pace whatever comes back; late itself, it sends later, and never a burst that no crowd of phones would send.
 *
 * What a way through the media adds is measured in pairs: with every so many packets another one goes straight from a socket of the phones to itself. Both
 * are late alike when this process is; the difference is what the media added.
 */
import { createSocket, type Socket } from 'node:dgram';
import { quantile } from './report.ts';
import type { PhoneOrder, PhoneReport } from './rtpOrders.ts';

const PACKET_BYTES = 172;
const FRAME_MS = 20;
const SETTLE_MS = 1_500;
/** In the packet: when it was sent, and its number among all of the run. */
const SENT_AT = 12;
const NUMBER_AT = 20;
/** With every so many a packet goes the direct way. A prime: in time, every phone's are among them. */
const PAIRED_EVERY = 29;
/** Later than this the phones do not catch up. */
const LATEST_MS = 4;
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
/** By number, when the packet that went the direct way came. */
let directAt = new Float64Array(0);
let addedMs: number[] = [];
let delaysMs: number[] = [];
let gapsMs: number[] = [];
let latesMs: number[] = [];

const tell = (report: PhoneReport): void => void process.send?.(report);
process.on('message', (order: PhoneOrder) => {
  obey(order).catch((error: unknown) => tell({ did: 'failed', error: String((error as Error).stack ?? error) }));
});
process.once('disconnect', () => process.exit(0));

const direct = createSocket({ type: 'udp4', recvBufferSize: 1_000_000, lookup: (host, _options, done) => done(null, host, 4) });
const directPacket = Buffer.alloc(4);
direct.on('message', (bytes) => {
  directAt[bytes.readUInt32LE(0) / PAIRED_EVERY] = performance.now();
});
direct.bind(0, '127.0.0.1', () => direct.connect(direct.address().port, '127.0.0.1'));

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
    const number = bytes.readUInt32LE(NUMBER_AT);
    if (number % PAIRED_EVERY === 0) addedMs.push(Math.max(0, now - (directAt[number / PAIRED_EVERY] || now)));
  } else if (run.isMeasured) {
    run.heard++;
    if (phone.lastAt > 0 && run.seen++ % KEEP === 0) gapsMs.push(now - phone.lastAt);
  }
  phone.lastAt = now;
}

async function runLoad({ phones: count, isSending, isPaired, warmUpMs, measureMs }: Extract<PhoneOrder, { do: 'run' }>): Promise<void> {
  const startedAt = performance.now();
  const pace: Pace = { startedAt, count, sent: 0 };
  directAt = new Float64Array(Math.ceil((count * (warmUpMs + measureMs + SETTLE_MS)) / FRAME_MS / PAIRED_EVERY) + 1);
  addedMs = [];
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
  for (;;) {
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
    if (isSending) sendDue(pace);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const lateP99Ms = quantile(latesMs, 0.99);
  tell({ did: 'ran', sent: run.sent, heard: run.heard, windowMs: measureMs, delaysMs, addedMs, gapsMs, lateP99Ms, cores });
}

interface Pace {
  startedAt: number;
  readonly count: number;
  sent: number;
}

/** Every phone each 20 ms, one after the other. */
function sendDue(pace: Pace): void {
  const { count } = pace;
  const packetMs = FRAME_MS / count;
  const lateMs = performance.now() - pace.startedAt - pace.sent * packetMs;
  if (lateMs > LATEST_MS) pace.startedAt += lateMs - LATEST_MS;
  const due = Math.floor((performance.now() - pace.startedAt) / packetMs);
  for (let number = pace.sent; number < due; number++) {
    const phone = phones[number % count] as Phone;
    const { socket, packet, sequence } = phone;
    const now = performance.now();
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE((sequence * 160) >>> 0, 4);
    packet.writeDoubleLE(now, SENT_AT);
    packet.writeUInt32LE(number, NUMBER_AT);
    phone.sequence++;
    if (number % PAIRED_EVERY === 0 && run.isPaired) {
      directPacket.writeUInt32LE(number);
      direct.send(directPacket);
    }
    if (now >= run.from && now < run.to) {
      run.sent++;
      if (number % 50 === 0) latesMs.push(lateMs);
    }
    socket.send(packet);
  }
  pace.sent = due;
}
