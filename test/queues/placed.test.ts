/** Calls that agents place, in the routing engine: what they hold, what they take from others, how they end and are handed on. Time is the test's own. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LogEntry } from '../../queues/engine.ts';
import type { RunningEngine } from '../../queues/index.ts';
import { type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { overCapacity, readWorld, violations } from '../support/invariants.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
/** Carries the calls that agents place. */
let sip: RunningEngine;
const told: (LogEntry & { readonly said: Record<string, unknown> })[] = [];
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
  sip = await world.another('node-b');
  const tail = world.engine.feeds.tail({
    onEntry: (entry) => told.push({ ...entry, said: JSON.parse(entry.body) }),
    onGap: () => undefined,
  });
  await tail.include(world.scope);
});
afterAll(() => world.close());

let seen: { queues: QueueId[]; agents: UserId[]; interactions: string[] } = { queues: [], agents: [], interactions: [] };
afterEach(async () => {
  const facts = await readWorld(world.engine, world.scope, seen);
  seen = { queues: [], agents: [], interactions: [] };
  expect([...violations(facts), ...overCapacity(facts)]).toEqual([]);
});

async function queueOf(settings: Parameters<TestEngines['addQueue']>[0] = {}): Promise<QueueId> {
  const id = await world.addQueue({ mode: 'longest_idle', channel: 'voice', maxMissed: 1, ...settings });
  seen.queues.push(id);
  return id;
}
async function agentOf(settings: Parameters<TestEngines['addAgent']>[0]): Promise<UserId> {
  const id = await world.addAgent(settings);
  seen.agents.push(id);
  return id;
}
async function start(queue: QueueId, medium: 'voice' | 'chat' = 'voice') {
  const started = await world.engine.router.startInteraction(world.scope, { ...world.newChat(queue, ''), medium });
  if (!started.ok) throw new Error(started.code);
  seen.interactions.push(started.interaction.id);
  return { id: started.interaction.id as InteractionId, offers: started.offers };
}
const contactId = newId('contact');
async function place(agentId: UserId, interactionId = newId('interaction'), carrier = sip) {
  const call = { interactionId, agentId, contactId, name: '+39061234567', connectionId: newId('leg') };
  const placed = await carrier.router.placeCall(world.scope, call);
  seen.interactions.push(interactionId);
  return { ...call, placed };
}
const answer = (interactionId: InteractionId) => sip.router.answerPlaced(world.scope, { interactionId });
const hangUp = (interactionId: InteractionId) =>
  sip.router.endInteraction(world.scope, { interactionId, by: 'client', memberId: contactId, isSupervisor: false });
const close = (interactionId: InteractionId, agentId: UserId) =>
  sip.router.closeInteraction(world.scope, { interactionId, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false });
const stateOf = async (id: InteractionId) => (await world.engine.views.interaction(world.scope, id))?.state;
const agentNow = async (id: UserId) => (await world.engine.views.agent(world.scope, id))?.agent;
const eventsOf = (id: string) => told.filter(({ said }) => said['i'] === id);
const closed = (id: string) =>
  until(() => eventsOf(id).find(({ type }) => type === 'interaction.closed')?.said, { what: 'the end in the log' });

describe('an agent who calls somebody', () => {
  test('RTE-5 RTE-4 INV-6 is busy from the first ring on and offered no call; when it is over the next one comes in the same step', async () => {
    const queue = await queueOf();
    const agentId = await agentOf({ queues: [queue] });
    const { interactionId } = await place(agentId);
    expect(await agentNow(agentId)).toMatchObject({ status: 'busy', placedCalls: 1, media: { voice: { load: 1 } }, wrapUps: [] });
    const waiting = await start(queue);
    expect(waiting.offers).toEqual([]);
    await answer(interactionId);
    expect(await stateOf(waiting.id)).toBe('waiting');
    await hangUp(interactionId);
    expect([await stateOf(interactionId), await stateOf(waiting.id)]).toEqual(['closed', 'offered']);
    expect(await agentNow(agentId)).toMatchObject({ placedCalls: 0, wrapUps: [] });
    expect((await closed(interactionId))['reason']).toBe('served');
    // Who hung up tells it as well: that is known by now.
    expect(await close(interactionId, agentId)).toMatchObject({ ok: false, code: 'gone' });
  });

  test('RTE-5 nobody who answers: closed as unanswered, by whichever side gave up, and counted in no queue', async () => {
    const queue = await queueOf({ wrapUpMs: 30_000 });
    const agentId = await agentOf({ queues: [queue] });
    const [one, two] = [await place(agentId), await place(agentId)];
    await hangUp(one.interactionId);
    await close(two.interactionId, agentId);
    for (const { interactionId } of [one, two])
      expect(await closed(interactionId)).toMatchObject({ reason: 'unanswered', a: agentId, q: '' });
    expect(await agentNow(agentId)).toMatchObject({ status: 'available', load: 0 });
    expect((await world.engine.views.figures(world.scope, queue))?.today).toMatchObject({ answered: 0, abandoned: 0, handled: 0 });
  });

  test('INV-7 the same call told twice is one, also after it ended; so is its answer', async () => {
    const agentId = await agentOf({ queues: [await queueOf()] });
    const { interactionId, placed } = await place(agentId);
    expect([placed, (await place(agentId, interactionId)).placed]).toEqual([{ ok: true }, { ok: true }]);
    expect((await agentNow(agentId))?.load).toBe(1);
    expect([await answer(interactionId), await answer(interactionId)]).toEqual([{ ok: true }, { ok: true }]);
    await hangUp(interactionId);
    await place(agentId, interactionId);
    expect(await answer(interactionId)).toEqual({ ok: true });
    expect(await stateOf(interactionId)).toBe('closed');
    expect((await agentNow(agentId))?.load).toBe(0);
    await closed(interactionId);
    expect(eventsOf(interactionId).filter(({ type }) => type === 'interaction.answered')).toHaveLength(1);
  });

  test('INV-2 INV-4 a call that rings the agent just then goes to the next one with its place, and nobody missed it; its accept comes too late', async () => {
    const queue = await queueOf();
    const agentId = await agentOf({ queues: [queue] });
    const ringing = await start(queue);
    const offer = ringing.offers[0];
    expect(offer?.agentId).toBe(agentId);
    const other = await agentOf({ queues: [queue] });
    await place(agentId);
    const late = { interactionId: ringing.id, agentId, token: offer?.token ?? '' };
    expect(await sip.router.acceptOffer(world.scope, late)).toMatchObject({ ok: false, code: 'offer_gone' });
    expect((await world.engine.views.agent(world.scope, other))?.offers.map(({ interaction }) => interaction)).toEqual([ringing.id]);
    // One miss would have paused it.
    expect((await agentNow(agentId))?.status).toBe('busy');
    const gone = await until(() => eventsOf(ringing.id).find(({ type }) => type === 'offer.gone'), {
      what: 'the end of the offer in the log',
    });
    expect(gone.said['reason']).toBe('withdrawn');
  });

  test('RTE-5 of chats that are offered only those stay that may stand beside a call', async () => {
    const queue = await queueOf({ channel: 'chat' });
    const [alone, beside] = [
      await agentOf({ queues: [queue], capacity: 1 }),
      await agentOf({ queues: [queue], capacity: 1, interrupts: ['chat>voice'] }),
    ];
    await start(queue, 'chat');
    await start(queue, 'chat');
    await place(alone);
    await place(beside);
    const offersOf = async (id: UserId) => (await world.engine.views.agent(world.scope, id))?.offers.length;
    expect([await offersOf(alone), await offersOf(beside)]).toEqual([0, 1]);
  });

  test('INV-2 beside a call that it serves: both count, and it is free when the last of them is over', async () => {
    const queue = await queueOf();
    const agentId = await agentOf({ queues: [queue] });
    const served = await start(queue);
    await sip.router.acceptOffer(world.scope, { interactionId: served.id, agentId, token: served.offers[0]?.token ?? '' });
    const { interactionId } = await place(agentId);
    expect((await agentNow(agentId))?.media.voice.load).toBe(2);
    await close(served.id, agentId);
    const waiting = await start(queue);
    expect(waiting.offers).toEqual([]);
    await hangUp(interactionId);
    expect(await stateOf(waiting.id)).toBe('offered');
  });

  test('ACC-1 RTE-5 refused: to an agent of another account or who is not active, and in an account that is not', async () => {
    const [queue, stranger] = [await queueOf(), newId('user')];
    const removed = await agentOf({ queues: [queue] });
    await world.changeAgent(removed, { queues: [queue], isActive: false });
    for (const agentId of [stranger, removed]) expect((await place(agentId)).placed).toMatchObject({ ok: false, code: 'not_found' });
    const agentId = await agentOf({ queues: [queue] });
    await world.changeAccount({ isActive: false });
    expect((await place(agentId)).placed).toMatchObject({ ok: false, code: 'account_inactive' });
    await world.changeAccount({});
  });
});

describe('handed on', () => {
  test('VOX-4 INV-8 to a queue: it waits there from that moment on, for others first, and is a call of the queue; to an agent: that one is busy with it', async () => {
    const queue = await queueOf();
    const [agentId, other] = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })];
    const { interactionId } = await place(agentId);
    const by = { interactionId, from: agentId, isSupervisor: false };
    const early = [
      await sip.router.requeueInteraction(world.scope, { ...by, queueId: queue, key: newId('command') }),
      await sip.router.transferInteraction(world.scope, { ...by, to: other, key: newId('command') }),
    ];
    for (const refused of early) expect(refused).toMatchObject({ ok: false, code: 'wrong_state' });
    await answer(interactionId);
    await world.advance(60_000);
    await sip.router.requeueInteraction(world.scope, { ...by, queueId: queue, key: newId('command') });
    const view = await world.engine.views.agent(world.scope, other);
    expect(view?.offers.map(({ interaction }) => interaction)).toEqual([interactionId]);
    const stored = (await readWorld(world.engine, world.scope, seen)).interactions.get(interactionId);
    expect(Number(stored?.fields['start'])).toBe(world.now());
    expect((await agentNow(agentId))?.placedCalls).toBe(0);

    const second = await place(agentId);
    await answer(second.interactionId);
    await world.engine.router.declineOffer(world.scope, { interactionId, agentId: other, token: view?.offers[0]?.token ?? '' });
    await hangUp(interactionId);
    const given = { interactionId: second.interactionId, from: agentId, to: other, key: newId('command'), isSupervisor: false };
    expect(await sip.router.transferInteraction(world.scope, given)).toEqual({ ok: true });
    expect([(await agentNow(agentId))?.placedCalls, (await agentNow(other))?.placedCalls]).toEqual([0, 1]);
    await close(second.interactionId, other);
  });

  test('RTE-1 VID-2 it stands in no order and stays a call', async () => {
    const agentId = await agentOf({ queues: [await queueOf()] });
    const { interactionId } = await place(agentId);
    const refused = [
      await sip.router.prioritizeInteraction(world.scope, { interactionId, priority: 5 }),
      await sip.router.changeMedium(world.scope, { interactionId, medium: 'video' }),
    ];
    for (const each of refused) expect(each).toMatchObject({ ok: false, code: 'wrong_state' });
  });
});

describe('nobody is busy for ever', () => {
  test('INV-9 RTE-12 the process that carries it dies: the agent is free 5 s after the lease lapsed, unless another goes on with the call', async () => {
    const queue = await queueOf();
    const [lost, kept] = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })];
    const dying = await world.another('node-dying');
    const [one, two] = [await place(lost, undefined, dying), await place(kept, undefined, dying)];
    await answer(two.interactionId);
    const { epoch } = dying.lease;
    await world.expireLease('node-dying');
    await world.dropNode('node-dying', epoch);
    expect((await world.engine.views.interaction(world.scope, one.interactionId))?.client.presence).toBe('reconnecting');
    expect((await agentNow(lost))?.load).toBe(1);
    await world.engine.router.attachClient(world.scope, { interactionId: two.interactionId, contactId, connectionId: newId('leg') });
    await world.advance(5_000);
    expect([(await agentNow(lost))?.load, (await agentNow(kept))?.load]).toEqual([0, 1]);
    expect((await closed(one.interactionId))['reason']).toBe('unanswered');
    expect(await stateOf(two.interactionId)).toBe('served');
    await close(two.interactionId, kept);
  });

  test('INV-3 RTE-6 the agent’s devices go, and the agent is paused or signs out: the call goes on; removed from the account: it is over', async () => {
    const queue = await queueOf();
    const agentId = await agentOf({ queues: [queue] });
    const { interactionId } = await place(agentId);
    await answer(interactionId);
    await world.engine.router.signOut(world.scope, { agentId, key: newId('command') });
    await world.advance(120_000);
    expect(await stateOf(interactionId)).toBe('served');
    await world.changeAgent(agentId, { queues: [queue], isActive: false });
    expect(await stateOf(interactionId)).toBe('closed');
  });

  test('INV-3 a deadline or a node that nobody knows of any more is found by the reconciler', async () => {
    const agentId = await agentOf({ queues: [await queueOf()] });
    const { interactionId, connectionId } = await place(agentId);
    const base = `c:{p${world.scope.partition}}`;
    await world.engine.core.runner.redis.hset(`${base}:ic:${interactionId}`, connectionId, 'nobody|1');
    const found: unknown[] = [];
    for (let cursor: unknown; cursor !== ''; ) {
      const args = ['agents', String(cursor ?? '')];
      const reply = (await world.engine.core.commands.run('reconcilePartition', world.scope.partition, args)) as unknown[];
      cursor = reply[1];
      found.push(...(reply[2] as unknown[]));
    }
    expect(found).toContain(`connection ${interactionId}`);
    await world.advance(5_000);
    expect(await stateOf(interactionId)).toBe('closed');
  });
});
