/** How worker processes share the partitions. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PARTITIONS } from '../../queues/keys.ts';
import { HeldPartitions } from '../../queues/partitions.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines();
  for (let partition = 0; partition < PARTITIONS; partition++) await world.engine.config.place(newId('account'), partition);
});
afterAll(() => world.close());

async function worker(nodeId: string): Promise<HeldPartitions> {
  const { runner, prefix } = world.engine.core;
  const held = new HeldPartitions({ runner, prefix, nodeId, log: testLog });
  await held.start();
  return held;
}

test('rule: workers share the partitions in use evenly; every one is held once, and those of a worker that goes are taken', async () => {
  const first = await worker('w-1');
  expect(first.list()).toHaveLength(PARTITIONS);
  const second = await worker('w-2');
  await until(() => first.list().length === PARTITIONS / 2 && second.list().length === PARTITIONS / 2, { timeoutMs: 10_000 });
  expect(new Set([...first.list(), ...second.list()]).size).toBe(PARTITIONS);
  const third = await worker('w-3');
  const all = () => [...first.list(), ...second.list(), ...third.list()];
  await until(() => all().length === PARTITIONS && third.list().length >= 20, { timeoutMs: 15_000 });
  expect(new Set(all()).size).toBe(PARTITIONS);
  await second.close();
  await third.close();
  await until(() => first.list().length === PARTITIONS, { timeoutMs: 15_000 });
  await first.close();
}, 60_000);
