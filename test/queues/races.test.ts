/**
 * The races of routing, each with both its orders and, where two can come at once, at once through two nodes. Time is the tests' own: a deadline is due
 * when the test says so.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunningEngine } from '../../queues/index.ts';
import type { InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { readWorld, violations } from '../support/invariants.ts';
import { until } from '../support/services.ts';

const OFFER_MS = 20_000;

let world: TestEngines;
let other: RunningEngine;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
  other = await world.another('node-b');
});
afterAll(() => world.close());

/** Everything of the test at hand, whose invariants are looked at when it is over. */
let seen: { queues: QueueId[]; agents: UserId[]; interactions: string[] } = { queues: [], agents: [], interactions: [] };
afterEach(async () => {
  const facts = await readWorld(world.engine, world.scope, seen);
  seen = { queues: [], agents: [], interactions: [] };
  expect(violations(facts)).toEqual([]);
});

async function queueOf(settings: Parameters<TestEngines['addQueue']>[0] = {}): Promise<QueueId> {
  const id = await world.addQueue({ mode: 'longest_idle', offerTimeoutMs: OFFER_MS, maxMissed: 0, ...settings });
  seen.queues.push(id);
  return id;
}
async function agentOf(settings: Parameters<TestEngines['addAgent']>[0]): Promise<UserId> {
  const id = await world.addAgent({ capacity: 1, ...settings });
  seen.agents.push(id);
  return id;
}
async function start(queue: QueueId, engine = world.engine) {
  const chat = world.newChat(queue);
  const started = await engine.router.startInteraction(world.scope, chat);
  if (!started.ok) throw new Error(started.code);
  seen.interactions.push(started.interaction.id);
  return { id: started.interaction.id as InteractionId, contactId: chat.contactId, connectionId: chat.connectionId };
}

const stateOf = (id: string) => world.engine.views.interaction(world.scope, id as InteractionId);
const offersOf = async (agentId: UserId) => (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
const tokenAt = async (agentId: UserId, id: string) => (await offersOf(agentId)).find(({ interaction }) => interaction === id)?.token ?? '';
const accept = (engine: RunningEngine, interactionId: InteractionId, agentId: UserId, token: string) =>
  engine.router.acceptOffer(world.scope, { interactionId, agentId, token });
const close = (engine: RunningEngine, interactionId: InteractionId, agentId: UserId) =>
  engine.router.closeInteraction(world.scope, {
    interactionId,
    agentId,
    outcome: '',
    note: '',
    key: newId('command'),
    isSupervisor: false,
  });
const sweep = (engine: RunningEngine) => engine.core.commands.run('sweepPartition', world.scope.partition, [0]);
const codeOf = (outcome: { ok: boolean; code?: string }) => (outcome.ok ? 'ok' : outcome.code);

describe('accept against expiry', () => {
  test('INV-5 an accept after the expiry takes nothing from the next agent', async () => {
    const queue = await queueOf();
    const [first, second] = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })];
    const chat = await start(queue);
    const token = await tokenAt(first, chat.id);
    await world.advance(OFFER_MS);
    expect(await accept(other, chat.id, first, token)).toMatchObject({ ok: false, code: 'offer_gone' });
    expect(await tokenAt(second, chat.id)).not.toBe('');
  });

  test('INV-5 an expiry after the accept changes nothing', async () => {
    const queue = await queueOf();
    const agentId = await agentOf({ queues: [queue] });
    const chat = await start(queue);
    expect(await accept(other, chat.id, agentId, await tokenAt(agentId, chat.id))).toMatchObject({ ok: true });
    await world.advance(OFFER_MS);
    expect(await stateOf(chat.id)).toMatchObject({ state: 'served', owner: { id: agentId } });
  });

  test('INV-1 both at once: either it is accepted, or it goes on', async () => {
    const queue = await queueOf();
    const [first, second] = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })];
    for (let round = 0; round < 20; round++) {
      const chat = await start(queue);
      const offered = (await tokenAt(first, chat.id)) === '' ? second : first;
      const token = await tokenAt(offered, chat.id);
      await world.advance(OFFER_MS - 1);
      const [accepted] = await Promise.all([accept(other, chat.id, offered, token), world.advance(1)]);
      const after = await stateOf(chat.id);
      if (accepted.ok) expect(after).toMatchObject({ state: 'served', owner: { id: offered } });
      else expect([after?.state, await tokenAt(offered, chat.id)]).not.toEqual(['offered', token]);
      await world.engine.router.endInteraction(world.scope, {
        interactionId: chat.id,
        by: 'client',
        memberId: chat.contactId,
        isSupervisor: false,
      });
      if (accepted.ok) await close(other, chat.id, offered);
    }
  });
});

test('RTE-12 INV-3 an agent lost while offered: the offer goes to the next, the late accept is refused', async () => {
  const queue = await queueOf({ agentLostMs: 5_000, offerTimeoutMs: 60_000 });
  const device = { deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') };
  const first = await agentOf({ queues: [queue] });
  await world.engine.router.attachDevice(world.scope, { agentId: first, ...device });
  const chat = await start(queue);
  const token = await tokenAt(first, chat.id);
  expect(token).not.toBe('');
  const second = await agentOf({ queues: [queue] });
  await world.engine.router.detachDevice(world.scope, { agentId: first, ...device });
  await world.advance(4_999);
  expect(await tokenAt(first, chat.id)).toBe(token);
  await world.advance(1);
  expect(await tokenAt(second, chat.id)).not.toBe('');
  expect(await accept(other, chat.id, first, token)).toMatchObject({ ok: false, code: 'offer_gone' });
  expect(await stateOf(chat.id)).toMatchObject({ state: 'offered' });
});

describe('reconnect', () => {
  test('APP-6 inside the window it keeps its place and its offer; the old window closes nothing later', async () => {
    const queue = await queueOf({ reconnectMs: 10_000, offerTimeoutMs: 60_000 });
    const agentId = await agentOf({ queues: [queue] });
    const [offered, waiting] = [await start(queue), await start(queue)];
    for (const chat of [offered, waiting])
      await world.engine.router.detachClient(world.scope, { interactionId: chat.id, connectionId: chat.connectionId });
    await world.advance(9_999);
    for (const chat of [offered, waiting])
      await other.router.attachClient(world.scope, {
        interactionId: chat.id,
        contactId: chat.contactId,
        connectionId: newId('connection'),
      });
    await world.advance(20_000);
    expect(await stateOf(offered.id)).toMatchObject({ state: 'offered', client: { presence: 'connected' } });
    expect(await stateOf(waiting.id)).toMatchObject({ state: 'waiting', client: { presence: 'connected' } });
    expect(await tokenAt(agentId, offered.id)).not.toBe('');
  });

  test('APP-6 outside the window it is abandoned, its agent gets the next, and coming back does not wake it', async () => {
    const queue = await queueOf({ reconnectMs: 10_000, offerTimeoutMs: 60_000 });
    const agentId = await agentOf({ queues: [queue] });
    const [gone, next] = [await start(queue), await start(queue)];
    await world.engine.router.detachClient(world.scope, { interactionId: gone.id, connectionId: gone.connectionId });
    await world.advance(10_000);
    expect(await stateOf(gone.id)).toMatchObject({ state: 'closed' });
    expect(await tokenAt(agentId, next.id)).not.toBe('');
    await other.router.attachClient(world.scope, { interactionId: gone.id, contactId: gone.contactId, connectionId: newId('connection') });
    expect(await stateOf(gone.id)).toMatchObject({ state: 'closed' });
  });
});

test('INV-7 a command doubled through two nodes at once is carried out once', async () => {
  const queue = await queueOf({ wrapUpMs: 10_000 });
  const agentId = await agentOf({ queues: [queue] });
  const chat = world.newChat(queue);
  const both = <Answer>(call: (engine: RunningEngine) => Promise<Answer>) => Promise.all([call(world.engine), call(other)]);
  const started = await both(({ router }) => router.startInteraction(world.scope, chat));
  const ids = started.map((each) => (each.ok ? each.interaction.id : each.code));
  expect(new Set(ids).size).toBe(1);
  const id = ids[0] as InteractionId;
  seen.interactions.push(id);
  const token = await tokenAt(agentId, id);
  expect((await both((engine) => accept(engine, id, agentId, token))).map(codeOf)).toEqual(['ok', 'ok']);
  const key = newId('command');
  const closing = { interactionId: id, agentId, outcome: '', note: '', key, isSupervisor: false };
  expect((await both(({ router }) => router.closeInteraction(world.scope, closing))).map(codeOf)).toEqual(['ok', 'ok']);
  expect((await world.engine.views.agent(world.scope, agentId))?.agent).toMatchObject({ load: 1, wrapUps: [{ interaction: id }] });
});

test('INV-2 two nodes at once have something for one agent: it is given one', async () => {
  const queues = [await queueOf(), await queueOf({ mode: 'balanced' })] as const;
  const agentId = await agentOf({ queues: [...queues] });
  const chats = await Promise.all([start(queues[0]), start(queues[1], other), start(queues[0], other), start(queues[1])]);
  const states = await Promise.all(chats.map(async ({ id }) => (await stateOf(id))?.state));
  expect(states.filter((state) => state === 'offered')).toHaveLength(1);
  expect(await offersOf(agentId)).toHaveLength(1);
  expect((await world.engine.views.agent(world.scope, agentId))?.agent.load).toBe(1);
});

describe('hang-up while ringing', () => {
  test('INV-3 all who are rung fall silent and get the next; a late accept takes nothing', async () => {
    const queue = await queueOf({ mode: 'ring_all', channel: 'voice', ringMax: 3 });
    const agents = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })] as const;
    const call = await start(queue);
    const token = await tokenAt(agents[0], call.id);
    expect(await Promise.all(agents.map((agentId) => tokenAt(agentId, call.id)))).toEqual([token, token, token]);
    const next = await start(queue);
    expect(await stateOf(next.id)).toMatchObject({ state: 'waiting' });
    await other.router.endInteraction(world.scope, { interactionId: call.id, by: 'client', memberId: call.contactId, isSupervisor: false });
    expect(await stateOf(call.id)).toMatchObject({ state: 'closed' });
    expect(await accept(world.engine, call.id, agents[1], token)).toMatchObject({ ok: false, code: 'offer_gone' });
    for (const agentId of agents) expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([next.id]);
  });

  test('INV-1 hang-up and accept at once: either it is served and then ends, or nobody has it', async () => {
    const queue = await queueOf({ channel: 'voice' });
    const agentId = await agentOf({ queues: [queue] });
    for (let round = 0; round < 20; round++) {
      const call = await start(queue);
      const token = await tokenAt(agentId, call.id);
      const hangUp = { interactionId: call.id, by: 'client' as const, memberId: call.contactId, isSupervisor: false };
      const [accepted] = await Promise.all([
        accept(round % 2 ? world.engine : other, call.id, agentId, token),
        (round % 2 ? other : world.engine).router.endInteraction(world.scope, hangUp),
      ]);
      expect(await stateOf(call.id)).toMatchObject({ state: accepted.ok ? 'ended' : 'closed' });
      if (accepted.ok) expect(await close(world.engine, call.id, agentId)).toMatchObject({ ok: true });
      expect((await world.engine.views.agent(world.scope, agentId))?.agent.load).toBe(0);
    }
  });
});

test('INV-1 transfer and close at once: one of them wins, and it has one owner or none', async () => {
  const queue = await queueOf({ isAutoAccepted: true });
  const [from, to] = [await agentOf({ queues: [queue], capacity: 100 }), await agentOf({ queues: [queue], capacity: 100 })];
  for (let round = 0; round < 20; round++) {
    const chat = await start(queue);
    const owner = (await stateOf(chat.id))?.owner?.id as UserId;
    const target = owner === from ? to : from;
    const handing = { interactionId: chat.id, from: owner, to: target, key: newId('command'), isSupervisor: false };
    const [handed, closed] = await Promise.all([
      other.router.transferInteraction(world.scope, handing),
      close(world.engine, chat.id, owner),
    ]);
    expect([codeOf(handed), codeOf(closed)].sort()).toEqual(handed.ok ? ['forbidden', 'ok'] : ['ok', 'wrong_state']);
    expect(await stateOf(chat.id)).toMatchObject(handed.ok ? { state: 'served', owner: { id: target } } : { state: 'closed' });
  }
});

test('INV-1 ring-all, two accept at once: the first has it, the other is told and gets the next', async () => {
  const queue = await queueOf({ mode: 'ring_all', channel: 'voice', ringMax: 2 });
  const agents = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })] as const;
  for (let round = 0; round < 20; round++) {
    const call = await start(queue);
    const token = await tokenAt(agents[0], call.id);
    const answers = await Promise.all([accept(world.engine, call.id, agents[0], token), accept(other, call.id, agents[1], token)]);
    expect(answers.map(codeOf).sort()).toEqual(['offer_gone', 'ok']);
    const winner = agents[answers[0].ok ? 0 : 1];
    const loser = agents[answers[0].ok ? 1 : 0];
    expect(await stateOf(call.id)).toMatchObject({ state: 'served', owner: { id: winner } });
    expect(await offersOf(loser)).toEqual([]);
    await close(world.engine, call.id, winner);
  }
});

test('INV-3 a queue deleted while it offers: the offer falls, the interaction is rejected, the agent is free', async () => {
  const [queue, rest] = [await queueOf(), await queueOf()];
  const agentId = await agentOf({ queues: [queue, rest] });
  const chat = await start(queue);
  const token = await tokenAt(agentId, chat.id);
  const waiting = await start(rest);
  await world.deleteQueue(queue);
  await world.advance(0);
  expect(await stateOf(chat.id)).toMatchObject({ state: 'closed' });
  expect(await accept(other, chat.id, agentId, token)).toMatchObject({ ok: false, code: 'offer_gone' });
  expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([waiting.id]);
});

test('INV-2 capacity lowered while serving: what is held stays, nothing comes until there is room again', async () => {
  const queue = await queueOf({ isAutoAccepted: true });
  const agentId = await agentOf({ queues: [queue], capacity: 3 });
  const held = [await start(queue), await start(queue), await start(queue)] as const;
  await world.changeAgent(agentId, { queues: [queue], capacity: 1 });
  const waiting = await start(queue);
  for (const [index, chat] of held.entries()) {
    expect(await stateOf(chat.id)).toMatchObject({ state: 'served', owner: { id: agentId } });
    expect(await stateOf(waiting.id)).toMatchObject({ state: 'waiting' });
    await close(index % 2 ? other : world.engine, chat.id, agentId);
  }
  expect(await stateOf(waiting.id)).toMatchObject({ state: 'served', owner: { id: agentId } });
});

test('RTE-12 Redis killed and restarted while it rings: the offer stands and is accepted, its deadline still counts', async () => {
  const queue = await queueOf();
  const [agentId, idle] = [await agentOf({ queues: [queue] }), await agentOf({ queues: [queue] })];
  const [ringing, lapsing] = [await start(queue), await start(queue)];
  const token = await tokenAt(agentId, ringing.id);
  const left = await tokenAt(idle, lapsing.id);
  await world.redis.kill9();
  void world.redis.restart();
  const accepted = await until(() => accept(other, ringing.id, agentId, token).catch(() => undefined), { timeoutMs: 15_000 });
  expect(accepted).toMatchObject({ ok: true });
  expect(await tokenAt(idle, lapsing.id)).toBe(left);
  await until(() => sweep(world.engine).catch(() => undefined), { timeoutMs: 15_000 });
  await world.advance(OFFER_MS);
  expect(await stateOf(ringing.id)).toMatchObject({ state: 'served', owner: { id: agentId } });
  expect(await tokenAt(idle, lapsing.id)).not.toBe(left);
});
