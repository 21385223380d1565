/** A short storm in every test run; the long ones are in `test/chaos`. Its seed kills a gateway and Redis and stops the other gateway past its lease. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storm } from '../chaos/storm.ts';
import { type Center, startCenter } from '../support/center.ts';

let center: Center;
beforeAll(async () => {
  center = await startCenter({ gateways: 2, workers: 2 });
});
afterAll(() => center.close());

it('RTE-12 BEY-3 a short storm: conversations go on while processes are killed or stand still', { timeout: 120_000 }, async () => {
  const report = await storm(center, { seed: 1_166, conversations: 15, faults: 3, longestPauseMs: 6_000, calmMs: 1_500 });
  expect(report.verdict, report.faults.join('\n')).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(100);
});
