/** RTE-2, RTE-3, RTE-5, RTE-11: whom an interaction is given to, in virtual time on a real Redis. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentDoc, SkillNeed } from '../../queues/config.ts';
import type { NewInteraction } from '../../queues/index.ts';
import { type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

const offersOf = async (agentId: UserId) => (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];
const stateOf = (id: InteractionId) => world.engine.views.interaction(world.scope, id);

async function start(queue: QueueId, more: Partial<NewInteraction> = {}): Promise<InteractionId> {
  const started = await world.engine.router.startInteraction(world.scope, { ...world.newChat(queue), text: '', connectionId: '', ...more });
  if (!started.ok) throw new Error(started.code);
  return started.interaction.id as InteractionId;
}

/** Who is offered it, or serves it. */
async function holders(id: InteractionId, agents: readonly UserId[]): Promise<UserId[]> {
  const owner = (await stateOf(id))?.owner?.id;
  if (owner) return [owner as UserId];
  const offered = await Promise.all(
    agents.map(async (agent) => ((await offersOf(agent)).some((offer) => offer.interaction === id) ? [agent] : [])),
  );
  return offered.flat();
}

async function accept(id: InteractionId, agentId: UserId) {
  const token = (await offersOf(agentId)).find((offer) => offer.interaction === id)?.token ?? '';
  return world.engine.router.acceptOffer(world.scope, { interactionId: id, agentId, token });
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

async function serve(id: InteractionId, agentId: UserId): Promise<void> {
  expect(await accept(id, agentId)).toMatchObject({ ok: true });
  await world.advance(1_000);
  expect(await close(id, agentId)).toEqual({ ok: true });
}

async function agents(queue: QueueId, settings: readonly Partial<AgentDoc>[]): Promise<UserId[]> {
  const ids: UserId[] = [];
  for (const each of settings) {
    ids.push(await world.addAgent({ queues: [queue], ...each }));
    await world.advance(1_000);
  }
  return ids;
}

describe('RTE-2 strategies', () => {
  test('RTE-2 longest idle: who has been free longest is first', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const [first, second] = await agents(queue, [{}, {}]);
    const all = [first as UserId, second as UserId];
    const one = await start(queue);
    expect(await holders(one, all)).toEqual([first]);
    await serve(one, first as UserId);
    const two = await start(queue);
    expect(await holders(two, all)).toEqual([second]);
  });

  test('RTE-2 fewest calls: who was given fewest today is first, whoever is idle longer', async () => {
    const queue = await world.addQueue({ mode: 'fewest_calls', channel: 'voice' });
    const [first] = (await agents(queue, [{}])) as [UserId];
    for (let n = 0; n < 3; n++) await serve(await start(queue), first);
    const [late] = (await agents(queue, [{}])) as [UserId];
    await serve(await start(queue), late);
    // The late one has been free for a shorter time, but had one call to three.
    expect(await holders(await start(queue), [first, late])).toEqual([late]);
  });

  test.each(['fewest_calls', 'random'] as const)(
    'RTE-2 %s: with a new day everybody begins at none, whatever was given the day before',
    async (mode) => {
      const queue = await world.addQueue({ mode, channel: 'voice' });
      const [often, seldom] = (await agents(queue, [{}, {}])) as [UserId, UserId];
      const next = async (): Promise<UserId> => {
        const id = await start(queue);
        const [holder] = (await holders(id, [often, seldom])) as [UserId];
        await serve(id, holder);
        return holder;
      };
      await world.engine.router.pause(world.scope, { agentId: seldom, reason: 'tea', key: newId('command') });
      for (let n = 0; n < 4; n++) await next();
      await world.engine.router.resume(world.scope, { agentId: seldom, key: newId('command') });
      await next();
      await world.advance(86_400_000);
      const given: UserId[] = [];
      for (let n = 0; n < 4; n++) given.push(await next());
      expect(given.filter((agent) => agent === often)).toHaveLength(2);
    },
  );

  test('RTE-2 round robin: each in turn', async () => {
    const queue = await world.addQueue({ mode: 'round_robin', channel: 'voice' });
    const all = await agents(queue, [{}, {}, {}]);
    const turns: UserId[] = [];
    for (let n = 0; n < 6; n++) {
      const id = await start(queue);
      const [holder] = await holders(id, all);
      turns.push(holder as UserId);
      await serve(id, holder as UserId);
    }
    expect(new Set(turns.slice(0, 3)).size).toBe(3);
    expect(turns.slice(3)).toEqual(turns.slice(0, 3));
  });

  test('RTE-2 linear: the first in the order who is free, always', async () => {
    const queue = await world.addQueue({ mode: 'linear', channel: 'voice' });
    const last = await world.addAgent({ queues: [queue], order: { [queue]: 2 } });
    const first = await world.addAgent({ queues: [queue], order: { [queue]: 1 } });
    for (let n = 0; n < 3; n++) {
      const id = await start(queue);
      expect(await holders(id, [first, last])).toEqual([first]);
      await serve(id, first);
    }
    const one = await start(queue);
    const two = await start(queue);
    expect([await holders(one, [first, last]), await holders(two, [first, last])]).toEqual([[first], [last]]);
  });

  test('RTE-2 ring all: everybody rings under one token, the first to accept has it, the others hear at once; who comes free joins', async () => {
    const queue = await world.addQueue({ mode: 'ring_all', channel: 'voice' });
    const [a, b] = (await agents(queue, [{}, {}])) as [UserId, UserId];
    const id = await start(queue);
    expect(await holders(id, [a, b])).toEqual([a, b]);
    const [c] = (await agents(queue, [{}])) as [UserId];
    expect(await holders(id, [a, b, c])).toEqual([a, b, c]);
    const [first, second] = await Promise.all([accept(id, b), accept(id, a)]);
    expect([first.ok, second.ok].filter(Boolean)).toHaveLength(1);
    const owner = (await stateOf(id))?.owner?.id;
    expect([a, b]).toContain(owner);
    for (const agent of [a, b, c].filter((each) => each !== owner)) {
      expect(await offersOf(agent)).toEqual([]);
      expect((await world.engine.views.agent(world.scope, agent))?.agent).toMatchObject({ load: 0, status: 'available' });
    }
  });

  test('RTE-2 RTE-6 ring all: a decline leaves the others ringing; nobody answering rings all of them again', async () => {
    const queue = await world.addQueue({ mode: 'ring_all', channel: 'voice', offerTimeoutMs: 5_000 });
    const [a, b] = (await agents(queue, [{}, {}])) as [UserId, UserId];
    const id = await start(queue);
    const token = (await offersOf(a))[0]?.token ?? '';
    expect(await world.engine.router.declineOffer(world.scope, { interactionId: id, agentId: a, token })).toEqual({ ok: true });
    expect(await holders(id, [a, b])).toEqual([b]);
    await world.advance(5_000);
    expect(await holders(id, [a, b])).toEqual([a, b]);
    expect((await offersOf(a))[0]?.token).not.toBe(token);
  });

  test('RTE-2 skills-weighted: who holds the most of what is asked for', async () => {
    const queue = await world.addQueue({ mode: 'skills', channel: 'voice', required: [{ skill: 'skl_de', level: 2 }] });
    const [none, some, much] = (await agents(queue, [{}, { skills: { skl_de: 3 } }, { skills: { skl_de: 8 } }])) as [
      UserId,
      UserId,
      UserId,
    ];
    const id = await start(queue);
    expect(await holders(id, [none, some, much])).toEqual([much]);
    expect(await holders(await start(queue), [none, some, much])).toEqual([some]);
    expect(await holders(await start(queue), [none, some, much])).toEqual([]);
  });
});

describe('RTE-3 skills', () => {
  const need = (skill: string, level: number): SkillNeed => ({ skill, level });

  test('RTE-3 RTE-1 a freed agent gets the best of what it can serve, over heads that it cannot', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const hard = await start(queue, { required: [need('skl_law', 5), need('skl_it', 1)] });
    await world.advance(1_000);
    const half = await start(queue, { required: [need('skl_law', 5)] });
    await world.advance(1_000);
    const easy = await start(queue);
    const [lawyer] = (await agents(queue, [{ skills: { skl_law: 5 } }])) as [UserId];
    expect(await holders(half, [lawyer])).toEqual([lawyer]);
    await serve(half, lawyer);
    expect(await holders(easy, [lawyer])).toEqual([lawyer]);
    const [weak, both] = (await agents(queue, [{ skills: { skl_law: 4, skl_it: 9 } }, { skills: { skl_law: 9, skl_it: 1 } }])) as [
      UserId,
      UserId,
    ];
    expect(await holders(hard, [weak, both])).toEqual([both]);
  });

  test('RTE-3 needs are relaxed by rule: lowered after a time, then needed no more', async () => {
    const queue = await world.addQueue({
      mode: 'longest_idle',
      channel: 'voice',
      relaxation: [
        { afterSec: 30, lowerBy: 3 },
        { afterSec: 60, lowerBy: 10 },
      ],
    });
    const [novice, junior] = (await agents(queue, [{}, { skills: { skl_law: 2 } }])) as [UserId, UserId];
    const id = await start(queue, { required: [need('skl_law', 5)] });
    await world.advance(29_999);
    expect(await holders(id, [novice, junior])).toEqual([]);
    await world.advance(1);
    expect(await holders(id, [novice, junior])).toEqual([junior]);
    expect((await stateOf(id))?.required).toEqual([need('skl_law', 2)]);
    await accept(id, junior);
    const other = await start(queue, { required: [need('skl_law', 5)] });
    await world.advance(59_999);
    expect(await holders(other, [novice])).toEqual([]);
    await world.advance(1);
    expect(await holders(other, [novice])).toEqual([novice]);
  });

  test('RTE-3 preferred skills choose among those who may take it, and keep nobody out', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const [plain, czech] = (await agents(queue, [{}, { skills: { skl_cs: 4 } }])) as [UserId, UserId];
    const preferred = [need('skl_cs', 1)];
    expect(await holders(await start(queue, { preferred }), [plain, czech])).toEqual([czech]);
    expect(await holders(await start(queue, { preferred }), [plain, czech])).toEqual([plain]);
  });

  test('RTE-3 an agent who learns a skill gets at once what waited for it', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const [agent] = (await agents(queue, [{}])) as [UserId];
    const id = await start(queue, { required: [need('skl_new', 1)] });
    expect(await holders(id, [agent])).toEqual([]);
    await world.changeAgent(agent, { queues: [queue], skills: { skl_new: 1 } });
    expect(await holders(id, [agent])).toEqual([agent]);
  });
});

describe('RTE-5 capacity over media', () => {
  test('RTE-5 INV-2 one call, or three chats, or one video', async () => {
    const calls = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const chats = await world.addQueue({ mode: 'longest_idle', channel: 'chat' });
    const agent = await world.addAgent({ queues: [calls, chats], capacity: 3 });
    const held = [await start(chats), await start(chats), await start(chats)];
    expect((await offersOf(agent)).map(({ interaction }) => interaction).sort()).toEqual([...held].sort());
    const [fourth, call, video] = [await start(chats), await start(calls), await start(chats, { medium: 'video' })];
    for (const id of [fourth, call, video]) expect(await holders(id, [agent])).toEqual([]);
    for (const id of held) await serve(id, agent);
    // By waiting time: the fourth chat first, and it keeps the call and the video out.
    expect(await holders(fourth, [agent])).toEqual([agent]);
    expect([await holders(call, [agent]), await holders(video, [agent])]).toEqual([[], []]);
    await serve(fourth, agent);
    expect([await holders(call, [agent]), await holders(video, [agent])]).toEqual([[agent], []]);
    await serve(call, agent);
    expect(await holders(video, [agent])).toEqual([agent]);
  });

  test('RTE-5 a rule lets a call interrupt chats, not the other way round', async () => {
    const calls = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const chats = await world.addQueue({ mode: 'longest_idle', channel: 'chat' });
    const agent = await world.addAgent({ queues: [calls, chats], capacity: 3, interrupts: ['voice>chat'] });
    const chat = await start(chats);
    const call = await start(calls);
    expect([await holders(chat, [agent]), await holders(call, [agent])]).toEqual([[agent], [agent]]);
    const second = await start(chats);
    expect(await holders(second, [agent])).toEqual([]);
    expect((await world.engine.views.agent(world.scope, agent))?.agent.media).toMatchObject({ chat: { load: 1 }, voice: { load: 1 } });
  });

  test('RTE-5 capacity 0 in a medium means never', async () => {
    const calls = await world.addQueue({ mode: 'longest_idle', channel: 'voice' });
    const agent = await world.addAgent({ queues: [calls], voiceCapacity: 0 });
    expect(await holders(await start(calls), [agent])).toEqual([]);
  });

  test('BEY-1 VID-2 a chat that becomes video counts as one, and is refused where the owner could not hold it', async () => {
    const { engine, scope } = world;
    const chats = await world.addQueue({ mode: 'longest_idle', channel: 'chat' });
    const agent = await world.addAgent({ queues: [chats], capacity: 2 });
    const [one, two] = [await start(chats), await start(chats)];
    await accept(one, agent);
    await accept(two, agent);
    expect(await engine.router.changeMedium(scope, { interactionId: one, medium: 'video' })).toMatchObject({
      ok: false,
      code: 'at_capacity',
    });
    await close(two, agent);
    expect(await engine.router.changeMedium(scope, { interactionId: one, medium: 'video' })).toEqual({ ok: true });
    expect((await engine.views.agent(scope, agent))?.agent.media).toMatchObject({ chat: { load: 0 }, video: { load: 1 } });
    expect((await stateOf(one))?.medium).toBe('video');
    // One medium at a time: nothing more until it is chat again.
    const third = await start(chats);
    expect(await holders(third, [agent])).toEqual([]);
    await engine.router.changeMedium(scope, { interactionId: one, medium: 'chat' });
    expect(await holders(third, [agent])).toEqual([agent]);
  });
});

describe('RTE-11 sticky agent', () => {
  test('RTE-11 a returning contact waits for its last agent for a time, then anybody has it', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', stickyWaitMs: 20_000 });
    const [first, second] = (await agents(queue, [{}, {}])) as [UserId, UserId];
    const contactId = newId('contact');
    await serve(await start(queue, { contactId }), first);
    const busy = await start(queue);
    expect(await holders(busy, [first, second])).toEqual([second]);
    await accept(busy, second);
    // Free: at once. Busy: it is waited for although another is free.
    const again = await start(queue, { contactId });
    expect(await holders(again, [first, second])).toEqual([first]);
    await accept(again, first);
    await close(busy, second);
    const third = await start(queue, { contactId });
    expect(await holders(third, [first, second])).toEqual([]);
    await world.advance(20_000);
    expect(await holders(third, [first, second])).toEqual([second]);
  });

  test('RTE-11 nobody waits for an agent who leaves or pauses', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', channel: 'voice', stickyWaitMs: 20_000 });
    const [first, second] = (await agents(queue, [{}, {}])) as [UserId, UserId];
    const contactId = newId('contact');
    await serve(await start(queue, { contactId }), first);
    const own = await start(queue, { contactId });
    await accept(own, first);
    const kept = await start(queue, { contactId });
    expect(await holders(kept, [first, second])).toEqual([]);
    await world.engine.router.pause(world.scope, { agentId: first, reason: '', key: newId('command') });
    expect(await holders(kept, [first, second])).toEqual([second]);
  });
});

describe('RTE-4 states per queue', () => {
  test('RTE-4 paused in one queue an agent serves the others', async () => {
    const { engine, scope } = world;
    const [one, two] = [await world.addQueue({ mode: 'longest_idle' }), await world.addQueue({ mode: 'longest_idle' })];
    const agent = await world.addAgent({ queues: [one, two], capacity: 1 });
    expect(await engine.router.pause(scope, { agentId: agent, queues: [one], reason: 'Training', key: newId('command') })).toMatchObject({
      ok: true,
    });
    const view = (await engine.views.agent(scope, agent))?.agent;
    expect(view).toMatchObject({ status: 'available' });
    expect(view?.queues.find(({ id }) => id === one)).toMatchObject({ pauseReason: 'Training', isSignedIn: true });
    const [first, second] = [await start(one), await start(two)];
    expect([await holders(first, [agent]), await holders(second, [agent])]).toEqual([[], [agent]]);
    await serve(second, agent);
    expect(await holders(first, [agent])).toEqual([]);
    await engine.router.resume(scope, { agentId: agent, queues: [one], key: newId('command') });
    expect(await holders(first, [agent])).toEqual([agent]);
  });

  test('ACC-5 a temporary sign-in needs the permission, outlives it, and ends with the sign-out', async () => {
    const { engine, scope } = world;
    const [own, other] = [await world.addQueue({ mode: 'longest_idle' }), await world.addQueue({ mode: 'longest_idle' })];
    const agent = await world.addAgent({ queues: [own], capacity: 1 });
    const signIn = () => engine.router.signIn(scope, { agentId: agent, queues: [other], key: newId('command') });
    expect(await signIn()).toMatchObject({ ok: false, code: 'forbidden' });
    await world.changeAccount({ canSignInAnywhere: true });
    expect(await signIn()).toMatchObject({ ok: true });
    await world.changeAccount({ canSignInAnywhere: false });
    await world.changeAgent(agent, { queues: [own], capacity: 1 });
    const id = await start(other);
    expect(await holders(id, [agent])).toEqual([agent]);
    await serve(id, agent);
    await engine.router.signOut(scope, { agentId: agent, queues: [other], key: newId('command') });
    expect(await holders(await start(other), [agent])).toEqual([]);
    expect((await engine.views.agent(scope, agent))?.agent.queues.map(({ id }) => id)).toEqual([own]);
    expect(await signIn()).toMatchObject({ ok: false, code: 'forbidden' });
    expect(await engine.router.signIn(scope, { agentId: agent, queues: [other], key: newId('command'), isSupervisor: true })).toMatchObject(
      { ok: true },
    );
  });
});
