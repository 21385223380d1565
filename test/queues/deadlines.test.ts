/** Deadlines, leases and presence: what happens with nobody there, with real workers, knocks and sweeps. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RoutingWorkers, startRoutingWorkers } from '../../queues/index.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
let workers: RoutingWorkers;
beforeAll(async () => {
  world = await startTestEngines();
  const workerEngine = await world.another('worker-a');
  workers = await startRoutingWorkers(workerEngine, { log: testLog, sinks: [], logBudgetBytes: 100_000_000 });
});
afterAll(async () => {
  await workers.close();
  await world.close();
});

const stateOf = async (id: string) => world.engine.views.interaction(world.scope, id as never);

describe('RTE-6 offers', () => {
  test('RTE-6 an unanswered offer goes on, and after three the agent is paused with the system reason', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', offerTimeoutMs: 1_000, maxMissed: 1 });
    const agentId = await world.addAgent({ queues: [queue] });
    const chat = await world.startChat(queue);
    expect((await stateOf(chat.id))?.state).toBe('offered');
    await until(async () => (await engine.views.agent(scope, agentId))?.agent.status === 'paused', { timeoutMs: 10_000 });
    expect((await engine.views.agent(scope, agentId))?.agent).toMatchObject({ pauseReason: 'no_answer', load: 0 });
    expect((await stateOf(chat.id))?.state).toBe('waiting');
    await engine.router.resume(scope, { agentId, key: newId('command') });
    expect((await stateOf(chat.id))?.state).toBe('offered');
  });
});

describe('APP-6 reconnect window', () => {
  test('APP-6 a client back in time goes on; one that stays away ends the served conversation', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, reconnectMs: 600 });
    await world.addAgent({ queues: [queue] });
    const chat = world.newChat(queue);
    const started = await engine.router.startInteraction(scope, chat);
    if (!started.ok) throw new Error(started.code);
    const interactionId = started.interaction.id as never;
    await engine.router.detachClient(scope, { interactionId, connectionId: chat.connectionId });
    expect((await stateOf(interactionId))?.client).toMatchObject({ presence: 'reconnecting' });
    const back = await engine.router.attachClient(scope, { interactionId, contactId: chat.contactId, connectionId: 'second' });
    expect(back).toMatchObject({ ok: true, interaction: { state: 'served', client: { presence: 'connected' } } });
    await engine.router.detachClient(scope, { interactionId, connectionId: 'second' });
    await until(async () => (await stateOf(interactionId))?.state === 'ended', { timeoutMs: 10_000 });
    expect(await stateOf(interactionId)).toMatchObject({ endedBy: 'system', client: { presence: 'gone' } });
    expect(workers.figures.lostKnocks).toBe(0);
  });

  test('APP-6 an untaken conversation whose client stays away is closed as abandoned', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'manual', reconnectMs: 300 });
    const chat = world.newChat(queue);
    const started = await engine.router.startInteraction(scope, chat);
    if (!started.ok) throw new Error(started.code);
    await engine.router.detachClient(scope, { interactionId: started.interaction.id as never, connectionId: chat.connectionId });
    await until(async () => (await stateOf(started.interaction.id))?.state === 'closed', { timeoutMs: 10_000 });
  });
});

describe('RTE-8 wrap-up', () => {
  test('RTE-8 wrap-up ends by itself, an extension counts', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs: 500 });
    const agentId = await world.addAgent({ queues: [queue], capacity: 1 });
    const chat = await world.startChat(queue);
    await engine.router.closeInteraction(scope, {
      interactionId: chat.id,
      agentId,
      outcome: '',
      note: '',
      key: 'close-000001',
      isSupervisor: false,
    });
    await engine.router.extendWrapUp(scope, { interactionId: chat.id, agentId, byMs: 700, key: 'extend-00001', isSupervisor: false });
    await engine.router.extendWrapUp(scope, { interactionId: chat.id, agentId, byMs: 700, key: 'extend-00001', isSupervisor: false });
    const wrapUp = (await engine.views.agent(scope, agentId))?.agent.wrapUps[0];
    const closedAt = (await stateOf(chat.id))?.closedAt ?? 0;
    expect((wrapUp?.until ?? 0) - closedAt).toBe(1_200);
    await until(async () => (await engine.views.agent(scope, agentId))?.agent.load === 0, { timeoutMs: 10_000 });
    expect(workers.figures.lostKnocks).toBe(0);
  });
});

describe('agent lost', () => {
  test('RTE-12 conversations of an agent who stays away go back to the queue with their place', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, agentLostMs: 1_000 });
    const agentId = await world.addAgent({ queues: [queue] });
    const chat = await world.startChat(queue);
    const device = { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: 'gone' };
    await engine.router.attachDevice(scope, device);
    await engine.router.detachDevice(scope, device);
    await until(async () => (await stateOf(chat.id))?.state === 'waiting', { timeoutMs: 10_000 });
    expect((await engine.views.agent(scope, agentId))?.agent).toMatchObject({ status: 'paused', pauseReason: 'connection_lost', load: 0 });
    await engine.router.attachDevice(scope, { ...device, connectionId: 'back' });
    expect(await stateOf(chat.id)).toMatchObject({ state: 'served', owner: { id: agentId } });
  });
});

describe('leases', () => {
  test('RTE-12 INV-9 what a dead node held is detached, and its late commands are refused', async () => {
    const { scope } = world;
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, reconnectMs: 60_000 });
    await world.addAgent({ queues: [queue] });
    const dying = await world.another('node-dying');
    const chat = world.newChat(queue);
    const started = await dying.router.startInteraction(scope, chat);
    if (!started.ok) throw new Error(started.code);
    let isTold = false;
    dying.lease.onLost(() => {
      isTold = true;
    });
    // The process is stopped: its lease runs out while it believes to hold it.
    await world.expireLease('node-dying');
    const late = await dying.router
      .attachClient(scope, { interactionId: started.interaction.id as never, contactId: chat.contactId, connectionId: 'late' })
      .catch((error: { code: string }) => error.code);
    expect(late === 'fenced' || isTold).toBe(true);
    await until(async () => (await stateOf(started.interaction.id))?.client.presence === 'reconnecting', { timeoutMs: 10_000 });
    await until(() => isTold, { timeoutMs: 10_000 });
    const fresh = await dying.router.attachClient(scope, {
      interactionId: started.interaction.id as never,
      contactId: chat.contactId,
      connectionId: 'new',
    });
    expect(fresh).toMatchObject({ ok: true, interaction: { client: { presence: 'connected' } } });
  });
});
