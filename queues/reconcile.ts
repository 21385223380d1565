/**
 * The reconciler: compares counters, indexes and claims with the facts they stand for, a chunk at a time, and repairs what differs.
 * In a healthy run it finds nothing; each repair is counted and logged, because it shows a fault elsewhere.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../src/base/log.ts';
import { type Commands, isRefused } from './commands.ts';

/** So many times as long as a chunk took it rests, at most so long: a partition of ten thousand agents must not keep Redis busy with looking. */
const RESTS = 3;
const MOST_REST_MS = 5;

/** Stops early when `signal` says so. @return how much was repaired */
export async function reconcilePartition(commands: Commands, partition: number, log: Logger, signal: AbortSignal): Promise<number> {
  let repairs = 0;
  for (const what of ['agents', 'queues'] as const) {
    let cursor = '';
    do {
      const startedAt = performance.now();
      const reply = await commands.run('reconcilePartition', partition, [what, cursor]);
      const tookMs = performance.now() - startedAt;
      if (isRefused(reply)) return repairs;
      cursor = String(reply[1]);
      const found = reply[2] as string[];
      repairs += found.length;
      for (const repair of found) log.error({ partition, repair }, 'reconciler.repaired');
      if (cursor !== '') await pause(Math.min(MOST_REST_MS, RESTS * tookMs));
    } while (cursor !== '' && !signal.aborted);
  }
  return repairs;
}
