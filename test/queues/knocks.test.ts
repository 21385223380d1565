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

test('RTE-8 wrap-ups of different lengths end, with nobody sweeping', async () => {
  await Promise.all([0, 40, 160, 400].map((extraMs) => wrapUp(700 + extraMs)));
});

/** Of the partition's slots of time. */
const jobs = () => world.engine.core.runner.redis.keys(`*{knocks}:knocks:due:${world.scope.partition}:*`);

test('RTE-8 what falls due within the same tenth of a second has one job', async () => {
  const { engine, scope } = world;
  const { redis } = engine.core.runner;
  const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs: 60_000 });
  const agentId = await world.addAgent({ queues: [queue], capacity: 20 });
  const chats = [];
  for (let count = 0; count < 20; count++) chats.push(await world.startChat(queue));
  const before = new Set(await jobs());
  const closed = chats.map(({ id }) =>
    engine.router.closeInteraction(scope, {
      interactionId: id,
      agentId,
      outcome: '',
      note: '',
      key: newId('command'),
      isSupervisor: false,
    }),
  );
  expect((await Promise.all(closed)).every(({ ok }) => ok)).toBe(true);
  const base = `${engine.core.prefix}{p${scope.partition}}`;
  const dues = await redis.zrange(`${base}:due:knock`, 0, -1, 'WITHSCORES');
  const wrapUps = dues.filter((_, index) => index % 2 === 1 && dues[index - 1]?.startsWith('wrapup|'));
  const slots = new Set(wrapUps.map((due) => Math.ceil(Number(due) / 100) * 100));
  expect(wrapUps).toHaveLength(20);
  const made = async () => (await jobs()).filter((job) => !before.has(job)).map((job) => Number(job.slice(job.lastIndexOf(':') + 1)));
  await until(async () => (await made()).length >= slots.size, { what: 'a job for each slot' });
  expect(new Set(await made())).toEqual(slots);
});

test('RTE-3 RTE-8 two thousand needs that are lowered at once come in time and part by part', { timeout: 60_000 }, async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'longest_idle', relaxation: [{ afterSec: 4, lowerBy: 5 }] });
  const required = [{ skill: 'rare', level: 5 }];
  const starts = Array.from({ length: 2_000 }, () =>
    engine.router.startInteraction(scope, { ...world.newChat(queue), text: '', connectionId: '', required }),
  );
  expect((await Promise.all(starts)).every(({ ok }) => ok)).toBe(true);
  const { redis } = engine.core.runner;
  const base = `${engine.core.prefix}{p${scope.partition}}`;
  expect(await redis.zcard(`${base}:ws:${queue}`)).toBe(2_000);
  await redis.config('RESETSTAT');
  await until(async () => (await redis.zcard(`${base}:ws:${queue}`)) === 0, { timeoutMs: 20_000, what: 'all needing nothing' });
  const [, fired = '0'] = /cmdstat_fcall:calls=(\d+)/.exec(await redis.info('commandstats')) ?? [];
  expect(Number(fired), 'no script did more than a part of it').toBeGreaterThan(2_000 / 10);
  const waiting = await engine.views.queue(scope, queue);
  expect(waiting?.interactions.every(({ required: needs }) => needs.length === 0)).toBe(true);
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

test('APP-6 the knocks of a leaving process are sent before it is gone, also those that are far', async () => {
  const leaving = await world.another('node-leaving-2');
  const queue = await world.addQueue({ mode: 'manual', reconnectMs: 2_500 });
  const started = await leaving.router.startInteraction(world.scope, world.newChat(queue));
  if (!started.ok) throw new Error(started.code);
  await leaving.close('drained');
  const { redis } = world.engine.core.runner;
  const due = await redis.zscore(
    `${world.engine.core.prefix}{p${world.scope.partition}}:due:knock`,
    `reconnect|${started.interaction.id}|1`,
  );
  expect(await jobs()).toContainEqual(expect.stringMatching(new RegExp(`:${Math.ceil(Number(due) / 100) * 100}$`)));
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
