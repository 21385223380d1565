/** Every kill point once by a seed; `test/chaos` hits each twenty times and more. */
import { expect, test } from 'vitest';
import { killStorm } from '../chaos/killStorm.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? 4_711);

test('RTE-12 INV-1…9 nodes and workers killed and stopped at every point, Redis killed in between: all is accounted for', {
  timeout: 480_000,
}, async () => {
  const report = await killStorm({ seed: SEED, hits: 1, redisKills: 1 });
  expect(report.verdict, `seed ${SEED}`).toEqual([]);
  expect([...report.hits.values()]).toEqual(Array.from({ length: 18 }, () => 1));
  expect(report.started).toBeGreaterThan(30);
  expect(report.accepted).toBeGreaterThan(10);
  expect(report.looks).toBeGreaterThan(20);
});
