/** What failing seeds of the model have shown, each as a story of its own, so that it stays mended. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NewInteraction } from '../../queues/index.ts';
import type { InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { readWorld } from '../support/invariants.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

async function start(queue: QueueId, extra: Partial<NewInteraction> = {}): Promise<InteractionId> {
  await world.advance(1);
  const started = await world.engine.router.startInteraction(world.scope, { ...world.newChat(queue), ...extra });
  if (!started.ok) throw new Error(started.code);
  return started.interaction.id as InteractionId;
}
const offersOf = async (agentId: UserId) =>
  ((await world.engine.views.agent(world.scope, agentId))?.offers ?? []).map(({ interaction }) => interaction);
const stateOf = (id: InteractionId) => world.engine.views.interaction(world.scope, id);
const setMedium = (interactionId: InteractionId, medium: 'chat' | 'voice' | 'video') =>
  world.engine.router.changeMedium(world.scope, { interactionId, medium });
async function tokenAt(agentId: UserId, id: InteractionId): Promise<string> {
  const view = await world.engine.views.agent(world.scope, agentId);
  return view?.offers.find(({ interaction }) => interaction === id)?.token ?? '';
}

describe('who came free is looked at', () => {
  // An agent of two queues was rung; a partial sign-out took the offer back and left its room unused.
  test('INV-6 signing out of the queue that rings gives what waits in the other', async () => {
    const [ringing, rest] = [await world.addQueue({ mode: 'linear' }), await world.addQueue({ mode: 'linear' })];
    const agentId = await world.addAgent({ queues: [ringing, rest], capacity: 1 });
    await start(ringing);
    const next = await start(rest);
    await world.engine.router.signOut(world.scope, { agentId, queues: [ringing], key: newId('command') });
    expect(await offersOf(agentId)).toEqual([next]);
  });

  test('INV-6 pausing in the queue that rings gives what waits in the other', async () => {
    const [ringing, rest] = [await world.addQueue({ mode: 'linear' }), await world.addQueue({ mode: 'linear' })];
    const agentId = await world.addAgent({ queues: [ringing, rest], capacity: 1 });
    await start(ringing);
    const next = await start(rest);
    await world.engine.router.pause(world.scope, { agentId, queues: [ringing], reason: 'Lunch', key: newId('command') });
    expect(await offersOf(agentId)).toEqual([next]);
  });

  // A chat that rang became a call its agent cannot take: the agent stayed idle though another chat waited.
  test('INV-6 a medium changed while it rings gives the agent what else waits', async () => {
    const queue = await world.addQueue({ mode: 'linear' });
    const agentId = await world.addAgent({ queues: [queue], capacity: 1, voiceCapacity: 0 });
    const [call, next] = [await start(queue), await start(queue)];
    expect(await setMedium(call, 'voice')).toMatchObject({ ok: true });
    expect(await offersOf(agentId)).toEqual([next]);
    expect(await stateOf(call)).toMatchObject({ state: 'waiting', medium: 'voice' });
  });

  // Two agents had declined; the third, who had none left to ask, went away: the first was never asked again.
  test('INV-6 what everybody missed is offered again to whoever is there', async () => {
    const queue = await world.addQueue({ mode: 'linear', agentLostMs: 600_000 });
    const device = { deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') };
    const [first, second] = [
      await world.addAgent({ queues: [queue], capacity: 1 }),
      await world.addAgent({ queues: [queue], capacity: 1 }),
    ];
    const id = await start(queue);
    const rung = (await offersOf(first)).length > 0 ? first : second;
    const rest = rung === first ? second : first;
    await world.engine.router.declineOffer(world.scope, { interactionId: id, agentId: rung, token: await tokenAt(rung, id) });
    const token = await tokenAt(rest, id);
    await world.engine.router.attachDevice(world.scope, { agentId: rest, ...device });
    await world.engine.router.detachDevice(world.scope, { agentId: rest, ...device });
    await world.engine.router.declineOffer(world.scope, { interactionId: id, agentId: rest, token });
    expect(await offersOf(rung)).toEqual([id]);
  });
});

describe('ring all', () => {
  // A chat rang in a queue of calls: agents with room for chats alone were not looked at.
  test('INV-6 what is of another medium than the queue rings at those who have room for it alone', async () => {
    const queue = await world.addQueue({ mode: 'ring_all', channel: 'voice', ringMax: 3 });
    const agents = [
      await world.addAgent({ queues: [queue], voiceCapacity: 0 }),
      await world.addAgent({ queues: [queue], voiceCapacity: 0 }),
    ];
    const chat = await start(queue, { medium: 'chat' });
    for (const agentId of agents) expect(await offersOf(agentId)).toEqual([chat]);
    const late = await world.addAgent({ queues: [queue], voiceCapacity: 0 });
    expect(await offersOf(late)).toEqual([chat]);
  });

  // Two of three were rung; one declined: the third stood idle beside a phone that rang at one alone.
  test('INV-6 when one declines the next is rung in its stead', async () => {
    const queue = await world.addQueue({ mode: 'ring_all', ringMax: 2 });
    const agents = [
      await world.addAgent({ queues: [queue] }),
      await world.addAgent({ queues: [queue] }),
      await world.addAgent({ queues: [queue] }),
    ];
    const id = await start(queue);
    const rung = await Promise.all(agents.map(async (agentId) => (await offersOf(agentId)).length > 0));
    expect(rung.filter(Boolean)).toHaveLength(2);
    const declining = agents[rung.indexOf(true)] as UserId;
    const idle = agents[rung.indexOf(false)] as UserId;
    await world.engine.router.declineOffer(world.scope, { interactionId: id, agentId: declining, token: await tokenAt(declining, id) });
    expect(await offersOf(idle)).toEqual([id]);
    expect(await offersOf(declining)).toEqual([]);
  });

  // It rang at the one expert when its needs relaxed: those who might take it now were not rung.
  test('RTE-3 INV-6 needs that relax while it rings let others ring', async () => {
    const queue = await world.addQueue({
      mode: 'ring_all',
      ringMax: 3,
      offerTimeoutMs: 60_000,
      relaxation: [{ afterSec: 10, lowerBy: 2 }],
    });
    const expert = await world.addAgent({ queues: [queue], skills: { law: 3 } });
    const beginner = await world.addAgent({ queues: [queue], skills: { law: 1 } });
    const id = await start(queue, { required: [{ skill: 'law', level: 3 }] });
    expect([await offersOf(expert), await offersOf(beginner)]).toEqual([[id], []]);
    await world.advance(10_000);
    expect([await offersOf(expert), await offersOf(beginner)]).toEqual([[id], [id]]);
  });
});

describe('order', () => {
  // The first video of a queue went to whoever was put in order first.
  test('RTE-2 the first of another medium goes by the strategy', async () => {
    const queue = await world.addQueue({ mode: 'linear' });
    const agents = [];
    for (const place of [3, 1, 2]) agents.push(await world.addAgent({ queues: [queue], order: { [queue]: place } }));
    const video = await start(queue, { medium: 'video' });
    expect(await offersOf(agents[1] as UserId)).toEqual([video]);
  });

  // What waited with needs and what waited without came in two lists, one after the other.
  test('INV-8 a queue that becomes automatic gives what waits by its score, with needs or without', async () => {
    const queue = await world.addQueue({ mode: 'manual' });
    const agentId = await world.addAgent({ queues: [queue], capacity: 1, skills: { law: 1 } });
    const needy = await start(queue, { required: [{ skill: 'law', level: 1 }] });
    await start(queue);
    await world.changeQueue(queue, { mode: 'longest_idle' });
    expect(await offersOf(agentId)).toEqual([needy]);
  });

  // A change of medium that was refused counted as if the agent had just come free.
  test('RTE-2 a refused change of medium leaves the idle time alone', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', isAutoAccepted: true });
    const agentId = await world.addAgent({ queues: [queue], voiceCapacity: 0 });
    const id = await start(queue);
    const freed = async () =>
      (await readWorld(world.engine, world.scope, { interactions: [], agents: [agentId], queues: [] })).agents.get(agentId)?.fields[
        'freed'
      ];
    const before = await freed();
    await world.advance(1_000);
    expect(await setMedium(id, 'voice')).toMatchObject({ ok: false, code: 'at_capacity' });
    expect(await freed()).toBe(before);
  });

  // A recipe that closes at once ran while the medium was being changed, which went on with what was closed.
  test('RTE-10 INV-3 a medium changed while it rings, in a queue that closes what waits, changes nothing that is closed', async () => {
    const queue = await world.addQueue({
      mode: 'linear',
      offerTimeoutMs: 60_000,
      recipe: [{ afterSec: 10, onlyIf: 'always', do: { op: 'close' } }],
    });
    const agentId = await world.addAgent({ queues: [queue], voiceCapacity: 0 });
    const id = await start(queue);
    await world.advance(15_000);
    expect(await offersOf(agentId)).toEqual([id]);
    await setMedium(id, 'voice');
    expect(await stateOf(id)).toMatchObject({ state: 'closed' });
    expect((await world.engine.views.agent(world.scope, agentId))?.agent.load).toBe(0);
  });

  // The agents of a deleted queue still counted as ready for it.
  test('INV-3 nobody is ready for a queue that is deleted', async () => {
    const queue = await world.addQueue({ mode: 'linear' });
    const agentId = await world.addAgent({ queues: [queue] });
    const readyFor = async () => [
      ...((await readWorld(world.engine, world.scope, { interactions: [], agents: [], queues: [queue] })).queues.get(queue)?.ready.keys() ??
        []),
    ];
    expect(await readyFor()).toEqual([agentId]);
    await world.deleteQueue(queue);
    await world.advance(0);
    expect(await readyFor()).toEqual([]);
  });
});

// Its owner was removed; the colleague who had been invited got it, and stood in it twice.
test('INV-1 an invited agent who becomes the owner is a participant no more', async () => {
  const queue = await world.addQueue({ mode: 'linear', isAutoAccepted: true });
  const [owner, guest] = [await world.addAgent({ queues: [queue] }), await world.addAgent({ queues: [queue], capacity: 0 })];
  const id = await start(queue);
  const invite = { interactionId: id, by: owner, agentId: guest, key: newId('command'), isSupervisor: false };
  expect(await world.engine.router.inviteParticipant(world.scope, invite)).toMatchObject({ ok: true });
  await world.engine.router.signOut(world.scope, { agentId: owner, key: newId('command') });
  await world.changeAgent(guest, { queues: [queue], capacity: 1 });
  const handing = { interactionId: id, from: owner, to: guest, key: newId('command'), isSupervisor: true };
  expect(await world.engine.router.transferInteraction(world.scope, handing)).toMatchObject({ ok: true });
  expect(await stateOf(id)).toMatchObject({ owner: { id: guest }, participants: [] });
  await world.engine.router.inviteParticipant(world.scope, { ...invite, by: guest, agentId: owner, key: newId('command') });
  await world.changeAgent(owner, { queues: [queue] });
  await world.engine.router.signIn(world.scope, { agentId: owner, key: newId('command') });
  await world.engine.config.apply([{ kind: 'agent', id: guest, accountId: world.scope.accountId, version: 1_000_000, doc: null }]);
  expect(await stateOf(id)).toMatchObject({ state: 'served', owner: { id: owner }, participants: [] });
});

// A node of 0.1.0 had put an agent into the set of the ready in its own way: the draw saw that one alone, who was busy by then.
test('BEY-3 INV-6 a draw that finds only agents who are ready no more is made again among the others', async () => {
  const queue = await world.addQueue({ mode: 'random' });
  const [served, busy] = [await world.addAgent({ queues: [queue], capacity: 3 }), await world.addAgent({ queues: [queue], capacity: 1 })];
  await world.engine.router.pause(world.scope, { agentId: busy, reason: '', key: newId('command') });
  const first = await start(queue);
  const token = await tokenAt(served, first);
  expect(await world.engine.router.acceptOffer(world.scope, { interactionId: first, agentId: served, token })).toMatchObject({ ok: true });
  await world.engine.core.runner.redis.zadd(`c:{p${world.scope.partition}}:r:${queue}`, 0, busy);
  const second = await start(queue);
  expect(await offersOf(served)).toEqual([second]);
});

// Two offers made in one step had one token; the decline of the second was taken for the first one's, answered ok and not done.
test('INV-7 two offers of one step are declined each for itself', async () => {
  const queue = await world.addQueue({ mode: 'linear' });
  const ids = [await start(queue), await start(queue)];
  const agentId = await world.addAgent({ queues: [queue], capacity: 2 });
  const tokens = await Promise.all(ids.map((id) => tokenAt(agentId, id)));
  for (const [at, id] of ids.entries()) {
    const token = tokens[at] ?? '';
    expect(await world.engine.router.declineOffer(world.scope, { interactionId: id, agentId, token })).toMatchObject({ ok: true });
    expect(await tokenAt(agentId, id)).not.toBe(token);
  }
});

// An invitation of the owner did nothing and was not remembered: repeated after a transfer it was carried out.
test('INV-7 an invitation that had nothing to do has nothing to do later either', async () => {
  const queue = await world.addQueue({ mode: 'linear', isAutoAccepted: true });
  const [owner, other] = [await world.addAgent({ queues: [queue] }), await world.addAgent({ queues: [queue], capacity: 0 })];
  const id = await start(queue);
  const invite = { interactionId: id, by: owner, agentId: owner, key: newId('command'), isSupervisor: true };
  expect(await world.engine.router.inviteParticipant(world.scope, invite)).toMatchObject({ ok: true });
  await world.changeAgent(other, { queues: [queue], capacity: 1 });
  const handing = { interactionId: id, from: owner, to: other, key: newId('command'), isSupervisor: false };
  expect(await world.engine.router.transferInteraction(world.scope, handing)).toMatchObject({ ok: true });
  expect(await world.engine.router.inviteParticipant(world.scope, invite)).toMatchObject({ ok: true });
  expect(await stateOf(id)).toMatchObject({ owner: { id: other }, participants: [] });
});

describe('who is waited for', () => {
  // A returning contact was offered to the agent who knew it, who declined: the model held that it was still kept for that one.
  test('RTE-11 RTE-6 what its last agent declines goes to another at once', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle', stickyWaitMs: 15_000 });
    const known = await world.addAgent({ queues: [queue], capacity: 1 });
    const contactId = newId('contact');
    const first = await start(queue, { contactId });
    await world.engine.router.acceptOffer(world.scope, { interactionId: first, agentId: known, token: await tokenAt(known, first) });
    const close = { interactionId: first, agentId: known, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    await world.engine.router.closeInteraction(world.scope, close);
    await world.advance(1);
    const other = await world.addAgent({ queues: [queue], capacity: 1 });
    const again = await start(queue, { contactId });
    expect(await offersOf(known)).toEqual([again]);
    await world.engine.router.declineOffer(world.scope, { interactionId: again, agentId: known, token: await tokenAt(known, again) });
    expect(await offersOf(other)).toEqual([again]);
  });

  // An accept, a transfer and the new owner's accept with the other's token were under way at once: the last was answered ok, for it did own it.
  test('INV-1 INV-5 an accept with the token of the agent before changes nothing for the one it was handed to', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const [from, to] = [await world.addAgent({ queues: [queue], capacity: 1 }), await world.addAgent({ queues: [queue], capacity: 1 })];
    const id = await start(queue);
    const rung = (await offersOf(from)).length > 0 ? from : to;
    const rest = rung === from ? to : from;
    const token = await tokenAt(rung, id);
    await world.engine.router.acceptOffer(world.scope, { interactionId: id, agentId: rung, token });
    const transfer = { interactionId: id, from: rung, to: rest, key: newId('command'), isSupervisor: false };
    expect(await world.engine.router.transferInteraction(world.scope, transfer)).toMatchObject({ ok: true });
    const before = await stateOf(id);
    await world.engine.router.acceptOffer(world.scope, { interactionId: id, agentId: rest, token });
    expect(await world.engine.router.acceptOffer(world.scope, { interactionId: id, agentId: rung, token })).toMatchObject({
      code: 'offer_gone',
    });
    expect(await stateOf(id)).toEqual(before);
    expect((await world.engine.views.agent(world.scope, rung))?.agent.load).toBe(0);
    expect((await world.engine.views.agent(world.scope, rest))?.agent.load).toBe(1);
  });
});

describe('who missed it', () => {
  const missedBy = async (id: InteractionId): Promise<string[]> =>
    ((await world.engine.core.runner.redis.hget(`c:{p${world.scope.partition}}:i:${id}`, 'missed')) ?? '').split(',');
  async function decline(agentId: UserId, id: InteractionId): Promise<void> {
    const offer = { interactionId: id, agentId, token: await tokenAt(agentId, id) };
    expect(await world.engine.router.declineOffer(world.scope, offer)).toMatchObject({ ok: true });
  }

  // An agent who is alone and declines is asked again, as one who came free: it was noted once more each time.
  test('RTE-6 an agent who misses it again and again is noted once', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const agentId = await world.addAgent({ queues: [queue] });
    const id = await start(queue);
    for (let times = 0; times < 4; times++) {
      await decline(agentId, id);
      expect(await missedBy(id)).toEqual([agentId]);
    }
  });
});

// What a node held was detached in the order in which Redis drew it: a seed with such a step could not be played again.
test('BEY-2 RTE-12 what a dead node held is detached in the order of its names', async () => {
  const queue = await world.addQueue({ mode: 'manual' });
  const dying = await world.another('node-ordered');
  const held: string[] = [];
  for (let number = 0; number < 140; number++) {
    const chat = { ...world.newChat(queue), text: '' };
    const started = await dying.router.startInteraction(world.scope, chat);
    if (started.ok) held.push(started.interaction.id);
  }
  const { redis } = world.engine.core.runner;
  const log = `c:{p${world.scope.partition}}:log`;
  const [last] = await redis.xrevrange(log, '+', '-', 'COUNT', 1);
  await world.expireLease('node-ordered');
  await world.dropNode('node-ordered', dying.lease.epoch);
  const entries = await redis.xrange(log, `(${last?.[0]}`, '+');
  const left = entries.map(([, flat]) => JSON.parse(flat[flat.indexOf('d') + 1] ?? '').i as string);
  expect(held).toHaveLength(140);
  expect(left).toEqual(held.toSorted());
});
