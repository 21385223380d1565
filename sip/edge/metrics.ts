/** What the edge shows at /metrics. Labels are bounded: none but the node. */
import { collectDefaultMetrics, type Registry } from 'prom-client';
import { type Described, showFigures } from '../../src/metrics/figures.ts';
import type { Edge, EdgeFigures } from './edge.ts';

const totals: Described<EdgeFigures> = {
  requestsIn: ['centralino_sip_requests_received_total', 'SIP requests of the network, without retransmissions'],
  requestsOut: ['centralino_sip_requests_sent_total', 'SIP requests of applications and of the edge itself, without ACK'],
  callsAnswered: ['centralino_sip_legs_answered_total', 'Call legs that were answered'],
  callsEnded: ['centralino_sip_legs_ended_total', 'Answered call legs that are over'],
  callsOrphaned: ['centralino_sip_legs_orphaned_total', 'Answered call legs whose application was lost'],
  callsAdopted: ['centralino_sip_dialogs_adopted_total', 'Dialogs that another or a restarted application took over'],
  unsolicitedByes: ['centralino_sip_unsolicited_byes_total', 'Call legs that the edge ended by itself'],
  refusedNoApplication: ['centralino_sip_unserved_requests_total', 'Requests refused because no application was there for them'],
};

const levels: Described<EdgeFigures> = {
  dialogs: ['centralino_sip_dialogs', 'Dialogs, ringing ones included'],
  applications: ['centralino_sip_applications', 'Applications connected to the edge'],
  serverTransactions: ['centralino_sip_server_transactions', 'Server transactions, those that only absorb repetitions included'],
  clientTransactions: ['centralino_sip_client_transactions', 'Client transactions, those that only absorb repetitions included'],
};

/** Shows the edge's figures in this registry, and those of the process. */
export function watchEdge(registry: Registry, edge: Pick<Edge, 'figures'>): void {
  collectDefaultMetrics({ register: registry });
  showFigures(registry, () => edge.figures, { totals, levels });
}
