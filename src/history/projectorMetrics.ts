/** What the projector counts, registered with the worker's registry. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ProjectorMetrics {
  readonly stopped: Gauge<'partition'>;
  readonly setAside: Counter<'type'>;
  readonly unknown: Counter;
  readonly batchSec: Histogram;
  applied(partition: number, entries: number, lastAt: number): void;
}

export function createProjectorMetrics(registry: Registry): ProjectorMetrics {
  const registers = [registry];
  const entries = new Counter({ name: 'centralino_projector_entries_total', help: 'Log entries written to history', registers });
  const lag = new Gauge({
    name: 'centralino_projector_lag_seconds',
    help: 'Age of the last entry when its batch was committed',
    labelNames: ['partition'],
    registers,
  });
  return {
    stopped: new Gauge({
      name: 'centralino_projector_stopped',
      help: '1: the partition waits for a newer release to read its next entry',
      labelNames: ['partition'],
      registers,
    }),
    setAside: new Counter({
      name: 'centralino_projector_rejected_total',
      help: 'Entries set aside in rejected_entry',
      labelNames: ['type'],
      registers,
    }),
    unknown: new Counter({
      name: 'centralino_projector_unknown_total',
      help: 'Events of interactions that history does not hold',
      registers,
    }),
    batchSec: new Histogram({
      name: 'centralino_projector_batch_seconds',
      help: 'Time to write a batch',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    applied(partition, count, lastAt) {
      entries.inc(count);
      lag.set({ partition }, Math.max(0, Date.now() - lastAt) / 1000);
    },
  };
}
