/** The worker's registry: figures of the engine's loops beside those of the process. Labels are bounded. */
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import type { WorkerFigures } from '../../queues/index.ts';
import { type Described, showFigures } from '../metrics/figures.ts';

const totals: Described<WorkerFigures> = {
  offersExpired: ['centralino_offers_expired_total', 'Offers that nobody answered in time'],
  lostKnocks: ['centralino_lost_knocks_total', 'Deadlines that were swept because their knock never came; 0 in a healthy run'],
  nodesDropped: ['centralino_nodes_dropped_total', 'Processes whose lease lapsed'],
  repairs: ['centralino_repairs_total', 'What the reconciler had to mend; 0 in a healthy run'],
  knockWorkersRebuilt: ['centralino_knock_workers_rebuilt_total', 'Times a stuck timer worker was replaced'],
};

const levels: Described<WorkerFigures> = {
  logEntries: ['centralino_log_entries', 'Entries in the event logs of the held partitions'],
  logBytes: ['centralino_log_bytes', 'Memory of the event logs of the held partitions'],
  readerLagMs: ['centralino_reader_lag_milliseconds', 'Age of the oldest entry that history does not hold yet'],
};

export interface WorkerMetrics {
  readonly registry: Registry;
  readonly configRepairs: Counter;
  /** Shows these figures from now on. */
  watch(figures: WorkerFigures): void;
}

export function createWorkerMetrics(nodeId: string): WorkerMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ node: nodeId });
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    configRepairs: new Counter({
      name: 'centralino_config_repairs_total',
      help: 'Copies of configuration in Redis that differed from PostgreSQL',
      registers: [registry],
    }),
    watch: (figures) => showFigures(registry, () => figures, { totals, levels }),
  };
}
