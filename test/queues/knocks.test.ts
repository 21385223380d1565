/** Knocks: with sweeper and reconciler off nothing but BullMQ carries the deadlines, also over an outage of Redis. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RoutingWorkers, startRoutingWorkers } from '../../queues/index.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
let workers: RoutingWorkers;
beforeAll(async () => {
  world = await startTestEngines();
  const engine = await world.another('worker-a');
  const alone = { isSweeping: false, isReconciling: false };
  workers = await startRoutingWorkers(engine, { log: testLog, sinks: [], logBudgetBytes: 100_000_000, ...alone });
});
afterAll(async () => {
  await workers.close();
  await world.close();
});

const isUp = (): Promise<boolean> =>
  world.engine.ping().then(
    () => true,
    () => false,
  );

const loadOf = async (agentId: string) => (await world.engine.views.agent(world.scope, agentId as never))?.agent.load;

/** A conversation is closed and its wrap-up begins; resolves when that has ended. */
async function wrapUp(wrapUpMs = 700): Promise<void> {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs });
  const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
  const chat = await world.startChat(queue);
  const close = { interactionId: chat.id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
  expect(await engine.router.closeInteraction(scope, close)).toMatchObject({ ok: true });
  expect(await loadOf(agentId)).toBe(1);
  await until(async () => (await loadOf(agentId)) === 0, { timeoutMs: 15_000, what: 'the end of the wrap-up' });
}

test('RTE-8 a knock ends the wrap-up, also after Redis was killed for a while, twice; nothing is printed past the log', {
  timeout: 90_000,
}, async () => {
  const printed = vi.spyOn(console, 'error');
  await wrapUp();
  for (let kill = 0; kill < 2; kill++) {
    await world.redis.kill9();
    await until(async () => !(await isUp()));
    // So long that every connection has tried in vain.
    await wait(1_500);
    await world.redis.restart();
    await until(isUp, { timeoutMs: 10_000 });
    for (let count = 0; count < 3; count++) await wrapUp();
  }
  expect(printed.mock.calls).toEqual([]);
  printed.mockRestore();
});

test('RTE-8 knocks that are held for a while end their wrap-ups all the same, with nobody sweeping', async () => {
  await Promise.all([1_100, 1_600, 2_400].map((wrapUpMs) => wrapUp(wrapUpMs)));
});

test('RTE-8 a deadline that is cleared at once makes no job; one that stands does', async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs: 60_000 });
  const agentId = await world.addAgent({ queues: [queue], capacity: 2 });
  const [ended, standing] = [await world.startChat(queue), await world.startChat(queue)];
  for (const { id } of [ended, standing]) {
    const close = { interactionId: id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    expect(await engine.router.closeInteraction(scope, close)).toMatchObject({ ok: true });
  }
  expect(await engine.router.endWrapUp(scope, { interactionId: ended.id, agentId, isSupervisor: false })).toMatchObject({ ok: true });
  const jobsOf = (id: string) => engine.core.runner.redis.keys(`*{knocks}*wrapup:${id}:*`);
  await until(async () => (await jobsOf(standing.id)).length === 1, { what: 'the job of the deadline that stands' });
  expect(await jobsOf(ended.id)).toEqual([]);
});

test('APP-6 the reconnect windows that a leaving process opens are knocked', async () => {
  const leaving = await world.another('node-leaving');
  const queue = await world.addQueue({ mode: 'manual', reconnectMs: 300 });
  const started = await leaving.router.startInteraction(world.scope, world.newChat(queue));
  if (!started.ok) throw new Error(started.code);
  await leaving.close('drained');
  await until(async () => (await world.engine.views.interaction(world.scope, started.interaction.id as never))?.state === 'closed', {
    timeoutMs: 10_000,
  });
});

test('APP-6 what a leaving process holds back is handed over, also deadlines that are far', async () => {
  const leaving = await world.another('node-leaving-2');
  const queue = await world.addQueue({ mode: 'manual', reconnectMs: 2_500 });
  const started = await leaving.router.startInteraction(world.scope, world.newChat(queue));
  if (!started.ok) throw new Error(started.code);
  await leaving.close('drained');
  expect(await world.engine.core.runner.redis.keys(`*{knocks}*reconnect:${started.interaction.id}:*`)).toHaveLength(1);
  await until(async () => (await world.engine.views.interaction(world.scope, started.interaction.id as never))?.state === 'closed', {
    timeoutMs: 10_000,
  });
});

test('INV-6 an agent with room for more than one script gives is filled by what waits', async () => {
  const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true });
  for (let count = 0; count < 25; count++) await world.startChat(queue);
  const agentId = await world.addAgent({ queues: [queue], capacity: 40 });
  await until(async () => (await loadOf(agentId)) === 25, { timeoutMs: 10_000, what: 'all that waited' });
});

test('INV-6 a queue that becomes automatic gives what waits to all its agents, however many', { timeout: 60_000 }, async () => {
  const queue = await world.addQueue({ mode: 'manual' });
  const agents: string[] = [];
  for (let count = 0; count < 260; count++) agents.push(await world.addAgent({ queues: [queue], capacity: 1 }));
  for (let count = 0; count < 260; count++) await world.startChat(queue);
  const doc = await world.engine.config.queue(world.scope, queue);
  if (!doc) throw new Error('the queue is gone');
  const changed = { ...doc, mode: 'balanced' as const, isAutoAccepted: true };
  await world.engine.config.apply([{ kind: 'queue', id: queue, accountId: world.scope.accountId, version: 1_000_000, doc: changed }]);
  const figures = () => world.engine.views.figures(world.scope, queue);
  await until(async () => (await figures())?.waiting === 0, { timeoutMs: 15_000, what: 'every agent being given one' });
  expect(await figures()).toMatchObject({ waiting: 0, inService: 260, agentsAvailable: 0 });
});

test('RTE-8 a clock that was set back by an hour holds up no deadline', { timeout: 30_000 }, async () => {
  const { redis } = world.engine.core.runner;
  const base = `${world.engine.core.prefix}{p${world.scope.partition}}`;
  // What a partition looks like after it: its time and its leases are an hour ahead of the clock.
  const ahead = Date.now() + 3_600_000;
  // In one step: a node that renewed its lease in between would have lost it.
  const step = redis.multi();
  for (const [node, lease] of Object.entries(await redis.hgetall(`${base}:nodes`)))
    step.hset(`${base}:nodes`, node, `${lease.split('|')[0]}|${ahead + 5_000}`);
  await step.hset(`${base}:meta`, 'now', ahead).exec();
  await wrapUp();
  const now = Number(await redis.hget(`${base}:meta`, 'now'));
  expect(now, 'time went on').toBeGreaterThan(ahead);
  expect(now - Date.now(), 'and the clock catches up').toBeLessThan(3_600_000);
});
