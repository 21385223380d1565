/** The lower layers of the edge on free ports of loopback, as the edge's start puts them together. Tests close what they open. */
import { RFC_TIMERS, systemClock } from '../../../sip/edge/clock.ts';
import { createTransactions } from '../../../sip/edge/transactions.ts';
import { type OpenTransports, openTransports, type TransportOptions } from '../../../sip/edge/transports.ts';
import type { Clock, Flow, Protocol, ServerTransaction, SipTimers, Transactions } from '../../../sip/edge/types.ts';

export interface Layers {
  readonly transports: OpenTransports;
  readonly transactions: Transactions;
  /** Requests that came up, in order. */
  readonly requests: ServerTransaction[];
  readonly closedFlows: Flow[];
  port(protocol: Protocol): number;
  close(): Promise<void>;
}

export async function openLayers(
  options: Partial<TransportOptions> & { readonly timers?: SipTimers; readonly transactionClock?: Clock } = {},
): Promise<Layers> {
  const transports = await openTransports({
    host: '127.0.0.1',
    ports: { udp: 0 },
    log: { warn: () => undefined },
    ...options,
  });
  const clock = options.transactionClock ?? systemClock;
  const transactions = createTransactions({ transports, clock, timers: options.timers ?? RFC_TIMERS });
  const requests: ServerTransaction[] = [];
  const closedFlows: Flow[] = [];
  transactions.onRequest((transaction) => requests.push(transaction));
  transports.onFlowClosed((flow) => closedFlows.push(flow));
  return {
    transports,
    transactions,
    requests,
    closedFlows,
    port(protocol) {
      const listening = transports.listening.find((socket) => socket.protocol === protocol);
      if (!listening) throw new Error(`no ${protocol} here`);
      return listening.address.port;
    },
    async close() {
      transactions.close('test over');
      await transports.close('test over');
    },
  };
}
