/** What the files above the transactions share. Made once by `createEdge`; each of them adds its own part to it before the first message is taken. */
import type { Logger } from '../../src/base/log.ts';
import type { Applications } from './applications.ts';
import type { Dialogs } from './dialogs.ts';
import type { SipMessage } from './message.ts';
import type { Names } from './names.ts';
import type { Clock, Destination, Flow, SipTimers, Transactions, Transports } from './types.ts';
import { type CdrEvent, cdrFrame, type Passage } from './wireText.ts';

export interface Core {
  readonly transports: Transports;
  readonly transactions: Transactions;
  readonly applications: Pick<Applications, 'next' | 'known' | 'tagged'>;
  readonly dialogs: Dialogs;
  readonly clock: Clock;
  readonly timers: SipTimers;
  readonly log: Logger;
  /** What a name or address stands for here, before it is looked up; tests put a whole network on loopback with it. */
  readonly redirect: (destination: Destination) => Destination;
  readonly names: Names;
  readonly counts: CoreCounts;
}

/** Cumulative, for metrics. */
export interface CoreCounts {
  requestsIn: number;
  requestsOut: number;
  callsAnswered: number;
  callsEnded: number;
  callsOrphaned: number;
  callsAdopted: number;
  unsolicitedByes: number;
  refusedNoApplication: number;
}

export function noCounts(): CoreCounts {
  return {
    requestsIn: 0,
    requestsOut: 0,
    callsAnswered: 0,
    callsEnded: 0,
    callsOrphaned: 0,
    callsAdopted: 0,
    unsolicitedByes: 0,
    refusedNoApplication: 0,
  };
}

export function passage(flow: Flow, size: number, at: number): Passage {
  return { protocol: flow.protocol, address: flow.remote.host, port: flow.remote.port, size, at };
}

/** Tells those who asked for them of calls that are attempted, answered and over. */
export function tellCdr(core: Core, event: CdrEvent, source: 'network' | 'application', detail: string, message: SipMessage): void {
  let bytes: Buffer | undefined;
  for (const application of core.applications.known) {
    if (!application.routes.has(`cdr:${event}`)) continue;
    bytes ??= cdrFrame(event, source, core.clock.now(), detail, message);
    application.write(bytes);
  }
}
