/** What only shows where rules meet: settings that change in the midst, memories of length zero, keys that nobody would ever look for. Virtual time, real Redis. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewInteraction } from '../../queues/index.ts';
import { type AccountId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

const offersOf = async (agentId: UserId) => (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
const isOffered = async (agentId: UserId, id: InteractionId) => (await offersOf(agentId)).some(({ interaction }) => interaction === id);
const stateOf = (id: InteractionId) => world.engine.views.interaction(world.scope, id);
const base = () => `c:{p${world.scope.partition}}`;
const redis = () => world.engine.core.runner.redis;

async function start(queue: QueueId, more: Partial<NewInteraction> = {}): Promise<InteractionId> {
  const started = await world.engine.router.startInteraction(world.scope, { ...world.newChat(queue), text: '', connectionId: '', ...more });
  if (!started.ok) throw new Error(started.code);
  return started.interaction.id as InteractionId;
}

async function answer(what: 'acceptOffer' | 'declineOffer', id: InteractionId, agentId: UserId): Promise<void> {
  const token = (await offersOf(agentId)).find(({ interaction }) => interaction === id)?.token ?? '';
  expect(await world.engine.router[what](world.scope, { interactionId: id, agentId, token })).toMatchObject({ ok: true });
}

const close = (id: InteractionId, agentId: UserId) =>
  world.engine.router.closeInteraction(world.scope, {
    interactionId: id,
    agentId,
    outcome: '',
    note: '',
    key: newId('command'),
    isSupervisor: false,
  });

test('INV-1 what rang in a queue that rings all no more is offered to nobody while it is served, also when the queue rings all again', async () => {
  const queue = await world.addQueue({ mode: 'ring_all' });
  const [first, second, third] = [
    await world.addAgent({ queues: [queue] }),
    await world.addAgent({ queues: [queue] }),
    await world.addAgent({ queues: [queue] }),
  ];
  const id = await start(queue);
  await world.changeQueue(queue, { mode: 'balanced' });
  await answer('declineOffer', id, third);
  await answer('acceptOffer', id, first);
  await world.changeQueue(queue, { mode: 'ring_all' });
  const late = await world.addAgent({ queues: [queue] });
  expect(await stateOf(id)).toMatchObject({ state: 'served', owner: { id: first } });
  for (const agent of [first, second, third, late]) expect(await offersOf(agent)).toEqual([]);
  expect(await redis().exists(`${base()}:rg:${queue}`)).toBe(0);
});

test('INV-3 RTE-11 a queue that keeps contacts but remembers nobody closes what it served', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle', stickyWaitMs: 20_000, stickyMemoryMs: 0 });
  const agent = await world.addAgent({ queues: [queue] });
  const id = await start(queue);
  await answer('acceptOffer', id, agent);
  expect(await close(id, agent)).toEqual({ ok: true });
  expect(await stateOf(id)).toMatchObject({ state: 'closed' });
  expect((await world.engine.views.agent(world.scope, agent))?.agent.load).toBe(0);
});

test('rule: a chat whose client was never connected leaves no key behind', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle' });
  const agent = await world.addAgent({ queues: [queue] });
  const id = await start(queue, { text: 'Hello' });
  await answer('acceptOffer', id, agent);
  expect(await close(id, agent)).toEqual({ ok: true });
  const lasting: string[] = [];
  for (const key of await redis().keys(`${base()}:*${id}*`)) if ((await redis().pttl(key)) < 0) lasting.push(key);
  expect(lasting).toEqual([]);
});

test('rule: a chat by API that a client connected to later leaves no key behind', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle' });
  const agent = await world.addAgent({ queues: [queue] });
  const contactId = newId('contact');
  const id = await start(queue, { contactId });
  await world.engine.router.attachClient(world.scope, { interactionId: id, contactId, connectionId: newId('connection') });
  await answer('acceptOffer', id, agent);
  expect(await close(id, agent)).toEqual({ ok: true });
  const lasting: string[] = [];
  for (const key of await redis().keys(`${base()}:*${id}*`)) if ((await redis().pttl(key)) < 0) lasting.push(key);
  expect(lasting).toEqual([]);
});

test('RTE-9 RTE-8 a wrap-up that lasts longer than a closed call stays in Redis is counted all the same', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', wrapUpMs: 300_000 });
  const agent = await world.addAgent({ queues: [queue] });
  const id = await start(queue);
  await answer('acceptOffer', id, agent);
  expect(await close(id, agent)).toEqual({ ok: true });
  expect(await redis().ttl(`${base()}:i:${id}`)).toBeGreaterThan(300);
  const wrapUp = { interactionId: id, agentId: agent, byMs: 600_000, key: newId('command'), isSupervisor: true };
  expect(await world.engine.router.extendWrapUp(world.scope, wrapUp)).toEqual({ ok: true });
  expect(await redis().ttl(`${base()}:i:${id}`)).toBeGreaterThan(900);
});

test('APP-7 RTE-8 how a conversation ended is said, and said anew, while its wrap-up runs; by its agent alone, and in words of its queue', async () => {
  const outcomes = [{ id: 'sold', name: 'Sold', kind: 'OK' as const }];
  const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', wrapUpMs: 300_000, outcomes });
  const [agent, other] = [
    await world.addAgent({ queues: [queue] }),
    await world.addAgent({ queues: [await world.addQueue({ mode: 'manual' })] }),
  ];
  const id = await start(queue);
  const say = (outcome: string, agentId = agent, key = newId('command')) =>
    world.engine.router.changeOutcome(world.scope, { interactionId: id, agentId, outcome, note: 'calls again', key });
  const wrapUps = async () => (await world.engine.views.agent(world.scope, agent))?.agent.wrapUps;
  await answer('acceptOffer', id, agent);
  expect(await say('sold')).toMatchObject({ ok: false, code: 'wrong_state' });
  expect(await close(id, agent)).toEqual({ ok: true });
  expect(await wrapUps()).toMatchObject([{ interaction: id, queue, client: expect.any(String) }]);
  expect(await say('sold')).toEqual({ ok: true });
  expect(await wrapUps()).toMatchObject([{ outcome: 'sold' }]);
  expect(await say('bought')).toMatchObject({ ok: false, code: 'outcome_required' });
  expect(await say('', other)).toMatchObject({ ok: false, code: 'wrong_state' });
  const key = newId('command');
  expect(await say('', agent, key)).toEqual({ ok: true });
  expect((await wrapUps())?.[0]).not.toHaveProperty('outcome');
  expect(await say('sold')).toEqual({ ok: true });
  // INV-7: the earlier command, sent once more, changes nothing.
  expect(await say('', agent, key)).toEqual({ ok: true });
  expect(await wrapUps()).toMatchObject([{ outcome: 'sold' }]);
  // Where the interaction's keys are gone before the wrap-up is over, none is left behind without an end.
  await redis().del(`${base()}:i:${id}`);
  expect(await say('sold')).toEqual({ ok: true });
  expect(await redis().exists(`${base()}:i:${id}`)).toBe(0);
  await world.engine.router.endWrapUp(world.scope, { interactionId: id, agentId: agent, isSupervisor: true });
  expect(await say('sold')).toMatchObject({ ok: false, code: 'wrong_state' });
});

test('rule: while one conversation of a client is open, what another’s end lets expire is not the list of them', async () => {
  const queue = await world.addQueue({ mode: 'manual' });
  const chat = { ...world.newChat(queue), text: '' };
  const leave = async (key: string) => {
    const started = await world.engine.router.startInteraction(world.scope, { ...chat, key });
    if (!started.ok) throw new Error(started.code);
    return () =>
      world.engine.router.endInteraction(world.scope, {
        interactionId: started.interaction.id as InteractionId,
        by: 'client',
        memberId: chat.contactId,
        isSupervisor: false,
      });
  };
  const [first, second] = [await leave('first'), await leave('second')];
  const lastsSec = () => redis().ttl(`${base()}:v:${chat.contactId}`);
  await first();
  expect(await lastsSec()).toBeGreaterThan(86_400);
  await second();
  expect(await lastsSec()).toBeGreaterThan(0);
});

test('rule: names of queues that do not exist leave no key behind', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle' });
  const agent = await world.addAgent({ queues: [queue] });
  const unknown = newId('queue');
  const { router } = world.engine;
  expect(await router.startInteraction(world.scope, world.newChat(unknown))).toMatchObject({ ok: false, code: 'not_found' });
  await router.signIn(world.scope, { agentId: agent, queues: [unknown], key: newId('command') });
  await router.signOut(world.scope, { agentId: agent, queues: [unknown], key: newId('command') });
  expect(await redis().keys(`${base()}:*${unknown}*`)).toEqual([]);
});

test('rule: the same contact and key in another account of the partition is another command', async () => {
  const other = { accountId: newId('account') as AccountId, partition: world.scope.partition };
  const { engine } = world;
  await engine.config.place(other.accountId, other.partition);
  const account = { kind: 'account' as const, id: other.accountId, name: 'Other', isActive: true, origins: [] };
  await engine.config.apply([{ kind: 'account', id: other.accountId, accountId: other.accountId, version: 1, doc: account }]);
  const queue = await world.addQueue({ mode: 'manual' });
  const chat = world.newChat(queue);
  expect(await engine.router.startInteraction(world.scope, chat)).toMatchObject({ ok: true });
  // The queue is not that account's, and what the first account began is none of its business.
  expect(await engine.router.startInteraction(other, chat)).toMatchObject({ ok: false, code: 'not_found' });
});

test('INV-7 a start that is repeated when its conversation has left Redis begins no second one', async () => {
  const queue = await world.addQueue({ mode: 'manual' });
  const chat = world.newChat(queue);
  const started = await world.engine.router.startInteraction(world.scope, chat);
  if (!started.ok) throw new Error(started.code);
  const { id } = started.interaction;
  await world.engine.router.endInteraction(world.scope, {
    interactionId: id as InteractionId,
    by: 'client',
    memberId: chat.contactId,
    isSupervisor: false,
  });
  await redis().del(`${base()}:i:${id}`); // As its expiry will.
  await expect(world.engine.router.startInteraction(world.scope, chat)).rejects.toMatchObject({ code: 'gone' });
  expect(await redis().zcard(`${base()}:w:${queue}`)).toBe(0);
});

test('RTE-11 RTE-6 a last agent who declines or misses is asked no more: the next one is', async () => {
  for (const how of ['decline', 'miss'] as const) {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', stickyWaitMs: 300_000 });
    const last = await world.addAgent({ queues: [queue] });
    const contactId = newId('contact');
    const before = await start(queue, { contactId });
    await answer('acceptOffer', before, last);
    await close(before, last);
    const next = await world.addAgent({ queues: [queue] });
    const id = await start(queue, { contactId });
    expect([await isOffered(last, id), await isOffered(next, id)], how).toEqual([true, false]);
    if (how === 'decline') await answer('declineOffer', id, last);
    else await world.advance(20_000);
    expect([await isOffered(last, id), await isOffered(next, id)], how).toEqual([false, true]);
    expect(await redis().exists(`${base()}:sti:${last}`)).toBe(0);
  }
});

test('RTE-11 RTE-3 it is not kept for a last agent who lacks what it needs', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', stickyWaitMs: 300_000 });
  const skill = 'sk_corner';
  const last = await world.addAgent({ queues: [queue] });
  const contactId = newId('contact');
  const before = await start(queue, { contactId });
  await answer('acceptOffer', before, last);
  await close(before, last);
  const able = await world.addAgent({ queues: [queue], skills: { [skill]: 5 } });
  const id = await start(queue, { contactId, required: [{ skill, level: 3 }] });
  expect(await isOffered(able, id)).toBe(true);
});

test('RTE-11 INV-6 an agent who leaves one queue is waited for there no more, however many are kept for it elsewhere', async () => {
  const settings = { mode: 'longest_idle', channel: 'voice', stickyWaitMs: 300_000, offerTimeoutMs: 600_000 } as const;
  const [left, stays] = [await world.addQueue(settings), await world.addQueue(settings)];
  const last = await world.addAgent({ queues: [left, stays] });
  const contactId = newId('contact');
  const before = await start(left, { contactId });
  await answer('acceptOffer', before, last);
  await close(before, last);
  const busy = await start(left, { contactId });
  await answer('acceptOffer', busy, last);
  const kept: InteractionId[] = [];
  const elsewhere: InteractionId[] = [];
  for (let n = 0; n < 230; n++) {
    elsewhere.push(await start(stays, { contactId }));
    if (n < 60) kept.push(await start(left, { contactId }));
  }
  const others = [await world.addAgent({ queues: [left], voiceCapacity: 80 }), await world.addAgent({ queues: [left], voiceCapacity: 80 })];
  const offers = async () => (await Promise.all(others.map(offersOf))).flat().map(({ interaction }) => interaction);
  expect(await offers()).toEqual([]);
  await world.engine.router.signOut(world.scope, { agentId: last, queues: [left], key: newId('command') });
  await world.advance(0);
  expect((await offers()).sort()).toEqual(kept.sort());
  expect((await redis().smembers(`${base()}:sti:${last}`)).sort()).toEqual(elsewhere.sort());
});

test('RTE-10 a message of a recipe is shown whole characters only', async () => {
  const text = `${'a'.repeat(139)}è e poi ancora`;
  const queue = await world.addQueue({ mode: 'manual', recipe: [{ afterSec: 0, onlyIf: 'always', do: { op: 'message', text } }] });
  const shown = (await stateOf(await start(queue)))?.lastMessage?.text ?? '';
  expect(text.startsWith(shown)).toBe(true);
});

test('INV-6 INV-2 an agent who holds more than a hundred gives all of it back when lost', async () => {
  const [chats, calls] = [await world.addQueue({ mode: 'manual' }), await world.addQueue({ mode: 'manual', channel: 'voice' })];
  const agent = await world.addAgent({ queues: [chats, calls], capacity: 100, voiceCapacity: 3, interrupts: ['voice>chat', 'chat>voice'] });
  const all: InteractionId[] = [];
  for (let n = 0; n < 103; n++) all.push(await start(n < 100 ? chats : calls));
  const { engine, scope } = world;
  for (const interactionId of all)
    expect(await engine.router.claimInteraction(scope, { interactionId, agentId: agent, key: '' })).toMatchObject({ ok: true });
  const checked = await engine.core.commands.run('reconcilePartition', scope.partition, ['agents', '']);
  expect(checked).toMatchObject({ 0: 'ok', 2: [] });
  let cursor = '';
  const repairs: unknown[] = [];
  do {
    const reply = (await engine.core.commands.run('reconcilePartition', scope.partition, ['agents', cursor])) as unknown[];
    cursor = String(reply[1]);
    repairs.push(...(reply[2] as unknown[]));
  } while (cursor !== '');
  expect(repairs).toEqual([]);
  const [device] = Object.entries(await redis().hgetall(`${base()}:ad:${agent}`));
  await engine.router.detachDevice(scope, { agentId: agent, deviceId: 'desk', connectionId: device?.[1].split('|')[0] ?? '' });
  await world.advance(60_000);
  expect((await engine.views.agent(scope, agent))?.agent.load).toBe(0);
});

test('INV-10 an outcome whose id has quotes in it closes with an event that everybody can read', async () => {
  const outcome = { id: 'so "so" \\ {', name: 'So so', kind: 'OK' } as const;
  const queue = await world.addQueue({ mode: 'longest_idle', outcomes: [outcome] });
  const agent = await world.addAgent({ queues: [queue] });
  const id = await start(queue);
  await answer('acceptOffer', id, agent);
  const closing = { interactionId: id, agentId: agent, outcome: outcome.id, note: '', key: newId('command'), isSupervisor: false };
  expect(await world.engine.router.closeInteraction(world.scope, closing)).toEqual({ ok: true });
  const [last] = await redis().xrevrange(`${base()}:f:conversation:${id}`, '+', '-', 'COUNT', 1);
  expect(last?.[1][1]).toBe('interaction.closed');
  expect(JSON.parse(last?.[1][5] ?? '')).toMatchObject({ outcome: outcome.id, kind: 'OK' });
});

test('INV-6 ready sets that are out of date hide nobody who is ready', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle' });
  const away: UserId[] = [];
  for (let n = 0; n < 12; n++) away.push(await world.addAgent({ queues: [queue] }));
  for (const agentId of away) await world.engine.router.pause(world.scope, { agentId, reason: '', key: newId('command') });
  // As an older release might leave it.
  for (const agentId of away) await redis().zadd(`${base()}:r:${queue}`, 0, agentId);
  const there = await world.addAgent({ queues: [queue] });
  const id = await start(queue);
  await world.advance(0);
  expect(await isOffered(there, id)).toBe(true);
});

test('INV-6 behind more than two hundred with the same needs that are kept for another the next one is found', async () => {
  const skill = 'ski_corner';
  const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', stickyWaitMs: 600_000 });
  const last = await world.addAgent({ queues: [queue], skills: { [skill]: 5 } });
  const contactId = newId('contact');
  const required = [{ skill, level: 1 }];
  const before = await start(queue, { contactId, required });
  await answer('acceptOffer', before, last);
  await close(before, last);
  await answer('acceptOffer', await start(queue, { contactId, required }), last);
  for (let n = 0; n < 230; n++) {
    await start(queue, { contactId, required });
    await world.advance(1);
  }
  const id = await start(queue, { required });
  const free = await world.addAgent({ queues: [queue], skills: { [skill]: 5 } });
  await world.advance(0);
  expect(await isOffered(free, id)).toBe(true);
});

test('INV-6 behind more than two hundred that came in one millisecond and are kept for another the next one is found', async () => {
  const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', stickyWaitMs: 600_000 });
  const last = await world.addAgent({ queues: [queue] });
  const contactId = newId('contact');
  const before = await start(queue, { contactId });
  await answer('acceptOffer', before, last);
  await close(before, last);
  await answer('acceptOffer', await start(queue, { contactId }), last);
  for (let n = 0; n < 230; n++) await start(queue, { contactId });
  await world.advance(1);
  for (let n = 0; n < 230; n++) await start(queue, { contactId });
  const id = await start(queue);
  const free = await world.addAgent({ queues: [queue] });
  await world.advance(0);
  expect(await isOffered(free, id)).toBe(true);
});

test.each(['random', 'longest_idle'] as const)(
  'RTE-2 RTE-6 %s: each of 220 is asked once before a new round begins',
  { timeout: 60_000 },
  async (mode) => {
    const queue = await world.addQueue({ mode, maxMissed: 0 });
    const agents: UserId[] = [];
    for (let n = 0; n < 220; n++) agents.push(await world.addAgent({ queues: [queue] }));
    const id = await start(queue);
    const asked = new Set<string>();
    while (asked.size < agents.length) {
      const [agentId] = (await redis().hget(`${base()}:i:${id}`, 'oa'))?.split(',') ?? [];
      expect(asked, `after ${asked.size}`).not.toContain(agentId);
      asked.add(agentId ?? '');
      await answer('declineOffer', id, agentId as UserId);
      await world.advance(0);
    }
    expect(await stateOf(id)).toMatchObject({ state: 'offered' });
  },
);

test('ACC-5 RTE-1 nobody serves more than 50 queues, those signed in to for a time among them; what is assigned is always served', async () => {
  await world.changeAccount({ canSignInAnywhere: true });
  const own = [await world.addQueue({ mode: 'manual' }), await world.addQueue({ mode: 'manual' })];
  const others: QueueId[] = [];
  for (let n = 0; n < 50; n++) others.push(await world.addQueue({ mode: 'manual' }));
  const agentId = await world.addAgent({ queues: own });
  const signIn = (queues?: QueueId[]) =>
    world.engine.router.signIn(world.scope, { agentId, key: newId('command'), ...(queues && { queues }) });
  const served = async () =>
    (await world.engine.views.agent(world.scope, agentId))?.agent.queues.filter(({ isSignedIn }) => isSignedIn).length;
  expect(await signIn(others.slice(0, 49))).toEqual({ ok: false, code: 'wrong_state' });
  expect(await served()).toBe(2);
  expect(await signIn(others.slice(0, 48))).toMatchObject({ ok: true });
  expect(await signIn(others.slice(47, 49))).toEqual({ ok: false, code: 'wrong_state' });
  // Desks that come back say all of it again; and an assignment that is made meanwhile counts.
  expect(await signIn(others.slice(0, 48))).toMatchObject({ ok: true });
  await world.changeAgent(agentId, { queues: [...own, others[49] as QueueId] });
  expect(await signIn()).toMatchObject({ ok: true });
  expect(await served()).toBe(51);
});

test('RTE-10 when the last agent leaves, those who wait go on a part at a time, and all of them do', async () => {
  const target = await world.addQueue({ mode: 'manual' });
  const gone = await world.addQueue({ mode: 'manual', isActive: false });
  const to = (queueId: QueueId) => ({ afterSec: 0, onlyIf: 'no_agents', do: { op: 'queue', queueId } }) as const;
  const queue = await world.addQueue({ mode: 'manual', recipe: [to(gone), to(target)] });
  const agent = await world.addAgent({ queues: [queue] });
  for (let n = 0; n < 70; n++) await start(queue);
  await world.engine.router.signOut(world.scope, { agentId: agent, key: newId('command') });
  expect(await world.engine.core.commands.run('sweepPartition', world.scope.partition, [0])).toMatchObject({ 0: 'ok', 2: 1 });
  const part = await redis().zcard(`${base()}:w:${target}`);
  expect(part).toBeGreaterThan(0);
  expect(part).toBeLessThanOrEqual(25);
  await world.advance(0);
  expect(await redis().zcard(`${base()}:w:${target}`)).toBe(70);
  expect((await redis().zrange(`${base()}:due:knock`, 0, -1)).filter((deadline) => deadline.includes(queue))).toEqual([]);
});

test('rule: signing out of a queue of another account touches nothing of it', async () => {
  const queue = await world.addQueue({ mode: 'manual' });
  const [agent, foreign] = [await world.addAgent({ queues: [queue] }), newId('queue')];
  await world.engine.router.signOut(world.scope, { agentId: agent, queues: [foreign], key: newId('command') });
  const [last] = await redis().xrevrange(`${base()}:log`, '+', '-', 'COUNT', 1);
  expect(JSON.stringify(last)).not.toContain(foreign);
  expect((await world.engine.views.agent(world.scope, agent))?.agent.status).toBe('available');
});

test('INV-4 INV-3 a deadline of an offer or of a reconnect window that was lost is set again by the reconciler', async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'longest_idle' });
  const agent = await world.addAgent({ queues: [queue] });
  const chat = world.newChat(queue);
  const started = await engine.router.startInteraction(scope, chat);
  if (!started.ok) throw new Error(started.code);
  const interactionId = started.interaction.id as InteractionId;
  await engine.router.detachClient(scope, { interactionId, connectionId: chat.connectionId });
  const deadlines = async () => [
    ...(await redis().zrange(`${base()}:due:offer`, 0, -1, 'WITHSCORES')),
    ...(await redis().zrange(`${base()}:due:knock`, 0, -1, 'WITHSCORES')),
  ];
  const before = await deadlines();
  expect(before.filter((each) => each.includes(interactionId)).map((each) => each.split('|')[0])).toEqual(['offer', 'reconnect']);
  await redis().del(`${base()}:due:offer`, `${base()}:due:knock`);
  const repairs: unknown[] = [];
  for (let cursor: string | undefined; cursor !== ''; ) {
    const reply = (await engine.core.commands.run('reconcilePartition', scope.partition, ['queues', cursor ?? ''])) as unknown[];
    cursor = String(reply[1]);
    repairs.push(...(reply[2] as unknown[]));
  }
  expect(repairs).toEqual(expect.arrayContaining([`deadline offer ${interactionId}`, `deadline reconnect ${interactionId}`]));
  const own = (list: string[]) => list.flatMap((each, at) => (each.includes(interactionId) ? [each, list[at + 1]] : []));
  expect(own(await deadlines())).toEqual(own(before));
  expect(await isOffered(agent, interactionId)).toBe(true);
});
