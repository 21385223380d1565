/**
 * What a killed process takes along: the knocks that it was about to send. Its deadlines stand in Redis, and the sweeper fires them; only where it
 * is told not to repair (REPAIRS=0) nobody does, though offers still expire.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RoutingWorkers, startRoutingWorkers } from '../../queues/index.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
let workers: RoutingWorkers | undefined;
beforeAll(async () => {
  world = await startTestEngines();
});
afterEach(() => workers?.close());
afterAll(() => world.close());

async function startWorkers(nodeId: string, options: { isSweepingKnocks?: boolean } = {}): Promise<RoutingWorkers> {
  const engine = await world.another(nodeId);
  workers = await startRoutingWorkers(engine, { log: testLog, sinks: [], logBudgetBytes: 100_000_000, isReconciling: false, ...options });
  return workers;
}

/** An agent's wrap-up whose knock died with the process that set it. @returns when it is due */
async function orphanWrapUp(wrapUpMs: number): Promise<{ agentId: string; due: number }> {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs });
  const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
  const chat = await world.startChat(queue);
  const closing = { redisUrl: world.redis.url, scope, interactionId: chat.id, agentId };
  const script = join(import.meta.dirname, '../support/closeAndDie.ts');
  const node = spawn(process.execPath, [script, JSON.stringify(closing)], { stdio: 'inherit' });
  expect((await once(node, 'exit'))[1]).toBe('SIGKILL');
  expect(await engine.core.runner.redis.keys(`*{knocks}:knocks:due:*`), 'the knock died with it').toEqual([]);
  const due = (await engine.views.agent(scope, agentId))?.agent.wrapUps[0]?.until ?? 0;
  expect(due).toBeGreaterThan(0);
  return { agentId, due };
}

async function followEnds(): Promise<{ type: string; a: string; how?: string; reason?: string; at: number }[]> {
  const told: { type: string; a: string; at: number }[] = [];
  const tail = world.engine.feeds.tail({
    onEntry: ({ type, at, body }) => /^(wrapup\.ended|offer\.gone)$/.test(type) && told.push({ ...JSON.parse(body), type, at }),
    onGap: () => undefined,
  });
  await tail.include(world.scope);
  return told;
}

test('RTE-8 INV-3 a wrap-up whose knock died with its process is swept, soon after its time and once', { timeout: 60_000 }, async () => {
  const { figures } = await startWorkers('worker-a');
  const told = await followEnds();
  const { agentId, due } = await orphanWrapUp(2_500);
  const ends = () => told.filter(({ type, a }) => type === 'wrapup.ended' && a === agentId);
  await until(() => ends().length > 0, { timeoutMs: 15_000, what: 'the end of the wrap-up' });
  expect(ends()).toMatchObject([{ how: 'time' }]);
  expect(ends()[0]?.at).toBeGreaterThanOrEqual(due);
  expect(figures.lostKnocks).toBe(1);
});

test('RTE-6 RTE-8 with repairs off a lost deadline stays where it is while offers expire as ever; a worker that repairs fires it', {
  timeout: 60_000,
}, async () => {
  const off = await startWorkers('worker-b', { isSweepingKnocks: false });
  const told = await followEnds();
  const { agentId, due } = await orphanWrapUp(1_500);
  // Its offer expires long after the lost deadline would have been swept.
  const queue = await world.addQueue({ mode: 'balanced', offerTimeoutMs: 7_000 });
  const other = await world.addAgent({ queues: [queue], capacity: 1 });
  await world.startChat(queue);
  const expired = await until(() => told.find(({ type, a }) => type === 'offer.gone' && a === other), {
    timeoutMs: 20_000,
    what: 'expiry',
  });
  expect(expired.reason).toBe('expired');
  expect(expired.at).toBeGreaterThan(due + 2_500);
  expect(told.filter(({ type, a }) => type === 'wrapup.ended' && a === agentId)).toEqual([]);
  await off.close();
  await startWorkers('worker-c');
  await until(() => told.some(({ type, a }) => type === 'wrapup.ended' && a === agentId), { timeoutMs: 20_000, what: 'the repair' });
});
