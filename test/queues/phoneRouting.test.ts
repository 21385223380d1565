/** Calls in the routing engine: agents with phones, a call sent on to another queue, what is noted of a call. Time is the test's own. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LogEntry, OfferMade } from '../../queues/engine.ts';
import type { RunningEngine } from '../../queues/index.ts';
import type { Binding, PhoneDoc } from '../../queues/phones.ts';
import type { InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { readWorld, violations } from '../support/invariants.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
let other: RunningEngine;
const told: (LogEntry & { readonly said: Record<string, unknown> })[] = [];
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
  other = await world.another('node-b');
  const tail = other.feeds.tail({ onEntry: (entry) => told.push({ ...entry, said: JSON.parse(entry.body) }), onGap: () => undefined });
  await tail.include(world.scope);
});
afterAll(() => world.close());

let seen: { queues: QueueId[]; agents: UserId[]; interactions: string[] } = { queues: [], agents: [], interactions: [] };
afterEach(async () => {
  const facts = await readWorld(world.engine, world.scope, seen);
  seen = { queues: [], agents: [], interactions: [] };
  expect(violations(facts)).toEqual([]);
});

async function voiceQueue(settings: Parameters<TestEngines['addQueue']>[0] = {}): Promise<QueueId> {
  const id = await world.addQueue({ mode: 'longest_idle', channel: 'voice', maxMissed: 0, ...settings });
  seen.queues.push(id);
  return id;
}
async function agentOf(settings: Parameters<TestEngines['addAgent']>[0]): Promise<UserId> {
  const id = await world.addAgent(settings);
  seen.agents.push(id);
  return id;
}
async function start(queue: QueueId) {
  const started = await world.engine.router.startInteraction(world.scope, { ...world.newChat(queue, ''), medium: 'voice' });
  if (!started.ok) throw new Error(started.code);
  seen.interactions.push(started.interaction.id);
  return { id: started.interaction.id as InteractionId, offers: started.offers };
}
const accept = (interactionId: InteractionId, { agentId, token }: { agentId: UserId; token: string }) =>
  other.router.acceptOffer(world.scope, { interactionId, agentId, token });
const stateOf = async (id: InteractionId) => world.engine.views.interaction(world.scope, id);
const offered = async (id: InteractionId) => (await stateOf(id))?.state;

let cseq = 0;
function bindingOf(phoneId: string): Binding {
  const way = { edge: 'edge-1', flow: 'sip:192.0.2.1:5060;transport=udp' };
  const expiresAt = world.now() + 60_000;
  return { phoneId, contact: 'sip:a@192.0.2.1', ...way, userAgent: '', callId: 'c', cseq: ++cseq, instance: 'i', expiresAt };
}
const bind = (agentId: UserId, phoneId: string) => world.engine.phones.bind(world.scope, agentId, bindingOf(phoneId), 'Phone');
const unbind = (phoneId: string) => other.phones.unbind(world.scope, phoneId, '*', { callId: 'c', cseq: ++cseq });
const eventsOf = (id: string, type: string) => told.filter((entry) => entry.type === type && entry.said['i'] === id);

describe('agents with phones', () => {
  test('RTE-4 INV-6 a call waits for a phone that is live, is offered when one registers, and the next is not when the last is gone', async () => {
    const queue = await voiceQueue();
    const [agentId, phoneId] = [await agentOf({ queues: [queue], hasPhone: true }), newId('phone')];
    const first = await start(queue);
    expect([first.offers, await offered(first.id)]).toEqual([[], 'waiting']);
    await bind(agentId, phoneId);
    expect(await offered(first.id)).toBe('offered');
    await until(() => eventsOf(first.id, 'offer.made').length === 1);
    const token = String(eventsOf(first.id, 'offer.made')[0]?.said['tok']);
    expect((await accept(first.id, { agentId, token })).ok).toBe(true);
    const closing = { agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    await unbind(phoneId);
    expect((await world.engine.router.closeInteraction(world.scope, { interactionId: first.id, ...closing })).ok).toBe(true);
    expect(await offered((await start(queue)).id)).toBe('waiting');
  });

  test('RTE-4 chats are for the desk: they need no phone', async () => {
    const queue = await voiceQueue({ channel: 'chat' });
    await agentOf({ queues: [queue], hasPhone: true });
    const started = await world.engine.router.startInteraction(world.scope, world.newChat(queue));
    if (!started.ok) throw new Error(started.code);
    seen.interactions.push(started.interaction.id);
    expect(started.interaction.state).toBe('offered');
  });

  test('RTE-4 who has no phones takes calls as before; who is given one needs it from then on, and until it is taken away', async () => {
    const queue = await voiceQueue();
    const agentId = await agentOf({ queues: [queue] });
    const call = await start(queue);
    expect(call.offers.map((offer) => offer.agentId)).toEqual([agentId]);
    await other.router.declineOffer(world.scope, { interactionId: call.id, agentId, token: call.offers[0]?.token ?? '' });
    await world.changeAgent(agentId, { queues: [queue], hasPhone: true });
    const next = await start(queue);
    expect(await offered(next.id)).toBe('waiting');
    await world.changeAgent(agentId, { queues: [queue] });
    expect([await offered(call.id), await offered(next.id)].sort()).toEqual(['offered', 'waiting']);
  });

  test('BEY-2 who was left out for want of a live phone is counted as such', async () => {
    const queue = await voiceQueue();
    const [without, withPhone] = [await agentOf({ queues: [queue], hasPhone: true }), await agentOf({ queues: [queue], hasPhone: true })];
    await bind(withPhone, newId('phone'));
    const call = await start(queue);
    expect(call.offers.map(({ agentId }) => agentId)).toEqual([withPhone]);
    await until(() => eventsOf(call.id, 'offer.made').length === 1);
    expect(eventsOf(call.id, 'offer.made')[0]?.said['why']).toMatchObject({ x: { no_phone: 1 } });
    await until(() => told.some(({ type, said }) => type === 'agent.changed' && said['a'] === without && said['ph'] === 0));
  });

  test('RTE-4 a device that says it is a phone counts as one; a phone of an agent who is not active is nobody’s device', async () => {
    const queue = await voiceQueue();
    const agentId = await agentOf({ queues: [queue], hasPhone: true });
    const call = await start(queue);
    const softphone = { agentId, deviceId: 'browser', deviceName: 'Browser', connectionId: newId('connection') };
    await world.engine.router.attachDevice(world.scope, { ...softphone, isPhone: true });
    expect(await offered(call.id)).toBe('offered');
    await world.engine.router.detachDevice(world.scope, softphone);
    expect(await offered((await start(queue)).id)).toBe('waiting');
    await world.changeAgent(agentId, { queues: [queue], isActive: false });
    const phoneId = newId('phone');
    expect((await bind(agentId, phoneId)).isAccepted).toBe(true);
    const devices = (await world.engine.views.agent(world.scope, agentId))?.agent.devices.filter(({ id }) => id === phoneId);
    expect(devices).toEqual([]);
  });
});

describe('the answer to a command tells the calls it offered', () => {
  const follow = (engine: RunningEngine) => {
    const made: OfferMade[] = [];
    return { made, end: engine.onOffers((offers) => made.push(...offers)) };
  };
  const external = (userId: UserId): PhoneDoc => ({
    ...{ kind: 'phone', id: newId('phone'), accountId: world.scope.accountId, userId, name: 'Mobile', type: 'external' },
    ...{ username: '', sealedHa1: '', sealedHa1Sha256: '', number: '+393331234567', isActive: true },
  });
  const apply = (doc: PhoneDoc) =>
    world.engine.phones.apply([{ kind: 'phone', id: doc.id, accountId: doc.accountId, version: Date.now(), doc }]);

  test('INV-6 who closes a call is told the next one of its agent, and where that rings, before the close is answered', async () => {
    const queue = await voiceQueue();
    const [agentId, phone] = [await agentOf({ queues: [queue], hasPhone: true, name: 'Ada' }), newId('phone')];
    const mobile = external(agentId);
    await apply({ ...mobile, id: phone, type: 'sip', username: phone, number: '' });
    await apply(mobile);
    await bind(agentId, phone);
    const first = await start(queue);
    const ways = { name: 'Ada', bindings: [expect.objectContaining({ phoneId: phone })], external: [mobile] };
    expect(first.offers).toEqual([expect.objectContaining({ agentId, ways })]);
    expect((await accept(first.id, { agentId, token: first.offers[0]?.token ?? '' })).ok).toBe(true);
    const next = await start(queue);
    expect(next.offers).toEqual([]);

    const [ours, theirs] = [follow(world.engine), follow(other)];
    const closing = { interactionId: first.id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    expect((await world.engine.router.closeInteraction(world.scope, closing)).ok).toBe(true);
    const due = (await world.engine.views.agent(world.scope, agentId))?.offers.map(({ expiresAt }) => expiresAt)[0];
    expect(ours.made).toEqual([{ interactionId: next.id, agentId, token: expect.any(String), due, ways }]);
    // Once: the same command again is the same command.
    expect((await world.engine.router.closeInteraction(world.scope, closing)).ok).toBe(true);
    expect([ours.made.length, theirs.made.length]).toEqual([1, 0]);
    expect((await accept(next.id, { agentId, token: ours.made[0]?.token ?? '' })).ok).toBe(true);
    ours.end();
    theirs.end();
  });

  test('RTE-8 INV-6 so is who ends the wrap-up; a binding that has run out is not among the ways', async () => {
    const queue = await voiceQueue({ wrapUpMs: 30_000 });
    const [agentId, live, dead] = [await agentOf({ queues: [queue], hasPhone: true }), newId('phone'), newId('phone')];
    for (const id of [live, dead]) await apply({ ...external(agentId), id, type: 'sip', username: id, number: '' });
    await bind(agentId, live);
    await world.engine.phones.bind(world.scope, agentId, { ...bindingOf(dead), expiresAt: world.now() + 1_000 }, 'Phone');
    const first = await start(queue);
    expect(first.offers[0]?.ways?.bindings.map(({ phoneId }) => phoneId).sort()).toEqual([dead, live].sort());
    await accept(first.id, { agentId, token: first.offers[0]?.token ?? '' });
    const next = await start(queue);
    const closing = { interactionId: first.id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    await world.engine.router.closeInteraction(world.scope, closing);
    await world.advance(2_000);
    const { made, end } = follow(other);
    expect((await other.router.endWrapUp(world.scope, { interactionId: first.id, agentId, isSupervisor: false })).ok).toBe(true);
    expect(made.map(({ interactionId }) => interactionId)).toEqual([next.id]);
    expect(made[0]?.ways.bindings.map(({ phoneId }) => phoneId)).toEqual([live]);
    end();
  });

  test('RTE-4 chats, and calls of who has no phones, are told by the log alone', async () => {
    const [calls, chats] = [await voiceQueue(), await voiceQueue({ channel: 'chat' })];
    await agentOf({ queues: [calls] });
    await agentOf({ queues: [chats], hasPhone: true });
    const { made, end } = follow(world.engine);
    const call = await start(calls);
    expect(call.offers.map(({ ways }) => ways)).toEqual([undefined]);
    const chat = await world.engine.router.startInteraction(world.scope, world.newChat(chats));
    if (!chat.ok) throw new Error(chat.code);
    seen.interactions.push(chat.interaction.id);
    expect([chat.interaction.state, chat.offers.length, made]).toEqual(['offered', 1, []]);
    end();
  });
});

describe('a call sent to another queue', () => {
  const served = async (from: QueueId) => {
    const call = await start(from);
    const offer = call.offers[0];
    if (!offer) throw new Error('not offered');
    expect((await accept(call.id, offer)).ok).toBe(true);
    return { id: call.id, owner: offer.agentId };
  };
  const requeue = (id: InteractionId, from: UserId, queueId: QueueId, extra = {}) =>
    world.engine.router.requeueInteraction(world.scope, {
      interactionId: id,
      from,
      queueId,
      key: newId('command'),
      isSupervisor: false,
      ...extra,
    });

  test('VOX-4 INV-8 it keeps its virtual start: it goes before who came later, and its former owner has the next', async () => {
    const [sales, support] = [await voiceQueue(), await voiceQueue()];
    const seller = await agentOf({ queues: [sales] });
    const call = await served(sales);
    await world.advance(5_000);
    const later = await start(support);
    const waiting = await start(sales);
    expect((await requeue(call.id, seller, support)).ok).toBe(true);
    expect(await stateOf(call.id)).toMatchObject({ state: 'waiting', queue: support });
    expect(await stateOf(waiting.id)).toMatchObject({ state: 'offered' });
    expect((await other.views.place(world.scope, call.id))?.position).toBe(1);
    const helper = await agentOf({ queues: [support] });
    expect(await offered(call.id)).toBe('offered');
    expect(await offered(later.id)).toBe('waiting');
    expect((await world.engine.views.agent(world.scope, helper))?.offers.map(({ interaction }) => interaction)).toEqual([call.id]);
    await until(() => eventsOf(call.id, 'offer.made').length === 2);
    expect(
      told
        .filter(({ said }) => said['i'] === call.id)
        .map(({ type }) => type)
        .slice(-4),
    ).toEqual(['interaction.requeued', 'interaction.moved', 'interaction.queued', 'offer.made']);
  });

  test('VOX-4 INV-7 twice equals once; the same queue again; who may not, and where it may not go', async () => {
    const [sales, dead] = [await voiceQueue(), await voiceQueue({ isActive: false })];
    const [seller, colleague] = [await agentOf({ queues: [sales] }), await agentOf({ queues: [sales] })];
    const call = await served(sales);
    const stranger = call.owner === seller ? colleague : seller;
    expect(await requeue(call.id, stranger, sales)).toMatchObject({ ok: false, code: 'forbidden' });
    expect(await requeue(call.id, call.owner, dead)).toMatchObject({ ok: false, code: 'not_found' });
    expect(await requeue(call.id, call.owner, newId('queue'))).toMatchObject({ ok: false, code: 'not_found' });
    const key = newId('command');
    expect((await requeue(call.id, call.owner, sales, { key })).ok).toBe(true);
    // Others first: not to who just sent it away.
    expect((await world.engine.views.agent(world.scope, stranger))?.offers.map(({ interaction }) => interaction)).toEqual([call.id]);
    expect((await requeue(call.id, call.owner, sales, { key })).ok).toBe(true);
    expect(await offered(call.id)).toBe('offered');
    expect(await requeue(call.id, call.owner, sales)).toMatchObject({ ok: false, code: 'wrong_state' });
  });
});

describe('what is noted of a call', () => {
  const body = (version: number) => JSON.stringify({ id: 'cal_1', version });

  test('VOX-4 the latest version stands, for followers of the conversation and for its owner; an older one changes nothing', async () => {
    const queue = await voiceQueue();
    const agentId = await agentOf({ queues: [queue] });
    const call = await start(queue);
    const note = (version: number) => world.engine.router.noteCall(world.scope, { interactionId: call.id, version, call: body(version) });
    await note(1);
    await accept(call.id, call.offers[0] ?? { agentId, token: '' });
    await note(3);
    await note(2);
    expect(await other.views.call(world.scope, call.id)).toBe(body(3));
    await until(() => eventsOf(call.id, 'call.changed').length === 2);
    expect(eventsOf(call.id, 'call.changed').map(({ said, feeds }) => [said['call'], feeds.map(({ feed }) => feed)])).toEqual([
      [body(1), [`conversation:${call.id}`]],
      [body(3), [`conversation:${call.id}`, `agent:${agentId}`]],
    ]);
    expect(await world.engine.router.noteCall(world.scope, { interactionId: newId('interaction'), version: 1, call: '{}' })).toMatchObject({
      code: 'not_found',
    });
  });

  test('VOX-4 after the end the last word is told, and leaves Redis with the rest; a leg is noted once, whatever has become of the call', async () => {
    const queue = await voiceQueue();
    const agentId = await agentOf({ queues: [queue] });
    const call = await start(queue);
    await accept(call.id, call.offers[0] ?? { agentId, token: '' });
    const closing = { interactionId: call.id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    await world.engine.router.closeInteraction(world.scope, closing);
    expect((await world.engine.router.noteCall(world.scope, { interactionId: call.id, version: 9, call: body(9) })).ok).toBe(true);
    const { redis } = world.engine.core.runner;
    const prefix = `c:{p${world.scope.partition}}:`;
    expect(await Promise.all([`i:${call.id}`, `f:conversation:${call.id}`].map((name) => redis.pttl(prefix + name)))).toEqual([
      expect.toSatisfy((left: number) => left > 0),
      expect.toSatisfy((left: number) => left > 0),
    ]);
    const leg = {
      i: newId('interaction'),
      q: queue,
      call: 'cal_1',
      leg: newId('leg'),
      role: 'customer',
      a: '',
      name: 'x',
      startedAt: 1,
      answeredAt: 2,
      endedAt: 3,
      cause: '200',
      stats: '{}',
    };
    await Promise.all([world.engine, other, other].map((engine) => engine.router.noteLeg(world.scope, leg)));
    await until(() => eventsOf(leg.i, 'call.leg').length > 0);
    await world.engine.router.noteLeg(world.scope, { ...leg, leg: newId('leg') });
    await until(() => eventsOf(leg.i, 'call.leg').length > 1);
    expect(eventsOf(leg.i, 'call.leg').map(({ said }) => said['leg'])).toEqual([leg.leg, expect.not.stringMatching(leg.leg)]);
  });
});
