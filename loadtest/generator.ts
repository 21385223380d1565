/**
 * The load generator: a process of its own, so that its cost is not counted. Started by `GeneratorHandle.start`, takes orders over the process channel.
 * Sends at a fixed rate whatever the answers do (open loop), so a slow server shows as latency, not as less load.
 */
import { bareUwsDialect } from './dialects/bareUws.ts';
import type { Dialect, Talk } from './dialects/dialect.ts';
import { oursDialect } from './dialects/ours.ts';
import { socketIoDialect } from './dialects/socketIo.ts';
import type { Wire } from './dialects/wire.ts';
import { Meter } from './meter.ts';
import type { Load, Order, Report, Shape, Target } from './orders.ts';

interface Fleet {
  readonly pairs: readonly Talk[];
  readonly rooms: readonly Talk[];
}

const SETTLE_MS = 5_000;
const OPENING_AT_ONCE = 8;

const fleets = new Map<string, Fleet>();
let idle: Wire[] = [];
let meter: Meter | undefined;
let mids = 0;

const tell = (report: Report): void => {
  process.send?.(report);
};

process.on('message', (order: Order) => {
  obey(order).catch((error: unknown) =>
    tell({ did: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case 'openIdle': {
      const dialect = dialectOf(order.target);
      const first = idle.length;
      const opened = await openAll(order.count, (index) => dialect.openIdle(first + index));
      for (const wire of opened) wire.onLost = (reason) => tell({ did: 'failed', error: `an idle socket was lost: ${reason}` });
      idle.push(...opened);
      return tell({ did: 'opened', sockets: opened.length });
    }
    case 'closeIdle':
      for (const wire of idle) wire.close();
      idle = [];
      return tell({ did: 'opened', sockets: 0 });
    case 'open':
      fleets.set(order.target.name, await openFleet(order.target, order.shape));
      return tell({ did: 'opened', sockets: 0 });
    case 'run': {
      const fleet = fleets.get(order.target);
      if (!fleet) throw new Error(`no sockets are open to ${order.target}`);
      return run(talksOf(fleet, order.load), order.perSec, order.warmUpMs, order.measureMs);
    }
  }
}

const talksOf = (fleet: Fleet, load: Load): readonly Talk[] => (load === 'pairs' ? fleet.pairs : fleet.rooms);

function dialectOf(target: Target): Dialect {
  const onFrame = (frame: Buffer, wire: Wire): void => {
    if (dialect.isDelivery(frame)) meter?.arrived(frame, wire.index);
  };
  const make = (): Dialect => {
    switch (target.kind) {
      case 'socketIo':
        return socketIoDialect(target.ports, onFrame);
      case 'bareUws':
        return bareUwsDialect(target.ports, onFrame);
      case 'ours':
        return oursDialect(target, onFrame);
    }
  };
  const dialect = make();
  return dialect;
}

async function openFleet(target: Target, shape: Shape): Promise<Fleet> {
  const dialect = dialectOf(target);
  const desks = await openAll(shape.desks, (index) => dialect.openDesk(index, shape.conversationsPerDesk));
  const rooms = await openAll(shape.rooms, (index) => dialect.openRoom(index, shape.audience));
  const pairs = desks.flat();
  for (const talk of [...pairs, ...rooms]) {
    for (const seat of [talk.from, ...talk.to])
      seat.wire.onLost = (reason) => tell({ did: 'failed', error: `${target.name}: a socket was lost: ${reason}` });
  }
  return { pairs, rooms };
}

async function openAll<Opened>(count: number, open: (index: number) => Promise<Opened>): Promise<Opened[]> {
  const opened: Opened[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      opened[index] = await open(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(OPENING_AT_ONCE, count) }, worker));
  return opened;
}

async function run(talks: readonly Talk[], perSec: number, warmUpMs: number, measureMs: number): Promise<void> {
  const counted = new Meter(Math.ceil((perSec * (warmUpMs + measureMs)) / 1_000) + perSec);
  meter = counted;
  const startedAt = performance.now();
  let windowAt = 0;
  let sentBefore = 0;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const now = performance.now();
    if (windowAt === 0 && now - startedAt >= warmUpMs) {
      windowAt = now;
      sentBefore = counted.sent;
      tell({ did: 'windowBegan' });
    }
    if (windowAt > 0 && now - windowAt >= measureMs) break;
    const due = Math.floor(((now - startedAt) * perSec) / 1_000);
    while (counted.sent < due) {
      const talk = talks[counted.sent % talks.length] as Talk;
      talk.from.send(
        `m${process.pid}-${String(mids++).padStart(8, '0')}`,
        counted.book(talk.from.wire.index, talk.to.length, windowAt > 0),
      );
    }
  }
  tell({ did: 'windowEnded', sent: counted.sent - sentBefore, windowMs: performance.now() - windowAt });
  const settledBy = performance.now() + SETTLE_MS;
  while (counted.missing !== 0 && performance.now() < settledBy) await new Promise((resolve) => setTimeout(resolve, 5));
  meter = undefined;
  tell({ did: 'ran', missing: counted.missing, latenciesMs: counted.latenciesMs });
}
