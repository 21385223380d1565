/** What the projector counts, registered with the worker's registry. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Labels name no queue: those of one queue are live in `figures:<queue>` and past in history. */
const WAIT_SEC = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600];

/** An interaction was answered: how long it had waited, and how long it had been said to have to (BEY-4). */
export interface Answered {
  readonly waitMs: number;
  readonly estimatedMs: number | undefined;
}

export interface ProjectorMetrics {
  readonly stopped: Gauge<'partition'>;
  readonly setAside: Counter<'type'>;
  readonly unknown: Counter;
  readonly batchSec: Histogram;
  applied(partition: number, entries: number, lastAt: number): void;
  answered(all: readonly Answered[]): void;
  readonly abandoned: Counter;
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
  const waitSec = new Histogram({
    name: 'centralino_wait_seconds',
    help: 'From entering the queue to the answer',
    buckets: WAIT_SEC,
    registers,
  });
  const errorSec = new Histogram({
    name: 'centralino_wait_estimate_error_seconds',
    help: 'Estimated wait less the wait there was, by its sign',
    labelNames: ['direction'],
    buckets: WAIT_SEC,
    registers,
  });
  return {
    abandoned: new Counter({ name: 'centralino_abandoned_total', help: 'Interactions whose client left unanswered', registers }),
    answered(all) {
      for (const { waitMs, estimatedMs } of all) {
        waitSec.observe(waitMs / 1_000);
        if (estimatedMs === undefined) continue;
        const errorMs = estimatedMs - waitMs;
        errorSec.observe({ direction: errorMs < 0 ? 'too_short' : 'too_long' }, Math.abs(errorMs) / 1_000);
      }
    },
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
