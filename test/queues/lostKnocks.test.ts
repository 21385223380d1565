/** What a killed process takes along: the knocks that it held back. Its deadlines stand in Redis, and the sweeper fires them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RoutingWorkers, startRoutingWorkers } from '../../queues/index.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

const WRAP_UP_MS = 3_000;

let world: TestEngines;
let workers: RoutingWorkers;
beforeAll(async () => {
  world = await startTestEngines();
  const engine = await world.another('worker-a');
  workers = await startRoutingWorkers(engine, { log: testLog, sinks: [], logBudgetBytes: 100_000_000, isReconciling: false });
});
afterAll(async () => {
  await workers.close();
  await world.close();
});

test('RTE-8 INV-3 a wrap-up whose knock died with its process is swept, soon after its time and once', { timeout: 60_000 }, async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs: WRAP_UP_MS });
  const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
  const chat = await world.startChat(queue);
  const ended: { how: string; at: number }[] = [];
  const tail = engine.feeds.tail({
    onEntry: (entry) => entry.type === 'wrapup.ended' && ended.push({ how: JSON.parse(entry.body).how, at: entry.at }),
    onGap: () => undefined,
  });
  await tail.include(scope);

  const closing = { redisUrl: world.redis.url, scope, interactionId: chat.id, agentId };
  const node = spawn(process.execPath, [join(import.meta.dirname, '../support/closeAndDie.ts'), JSON.stringify(closing)], {
    stdio: 'inherit',
  });
  const [, signal] = await once(node, 'exit');
  expect(signal).toBe('SIGKILL');
  expect(await engine.core.runner.redis.keys('*{knocks}*wrapup:*'), 'the knock died with it').toEqual([]);
  const due = (await engine.views.agent(scope, agentId))?.agent.wrapUps[0]?.until ?? 0;
  expect(due).toBeGreaterThan(0);

  await until(() => ended.length > 0, { timeoutMs: 15_000, what: 'the end of the wrap-up' });
  expect(ended).toMatchObject([{ how: 'time' }]);
  expect(ended[0]?.at).toBeGreaterThanOrEqual(due);
  expect(workers.figures.lostKnocks).toBe(1);
  await tail.close();
});
