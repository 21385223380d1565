/**
 * The reconciler: compares counters, indexes and claims with the facts they stand for, a chunk at a time, and repairs what differs.
 * In a healthy run it finds nothing; each repair is counted and logged, because it shows a fault elsewhere.
 */
import type { Logger } from '../src/base/log.ts';
import { type Commands, isRefused } from './commands.ts';

/** @return how much was repaired */
export async function reconcilePartition(commands: Commands, partition: number, log: Logger): Promise<number> {
  let repairs = 0;
  for (const what of ['agents', 'queues'] as const) {
    let cursor = '';
    do {
      const reply = await commands.run('reconcilePartition', partition, [what, cursor]);
      if (isRefused(reply)) return repairs;
      cursor = String(reply[1]);
      const found = reply[2] as string[];
      repairs += found.length;
      for (const repair of found) log.error({ partition, repair }, 'reconciler.repaired');
    } while (cursor !== '');
  }
  return repairs;
}
