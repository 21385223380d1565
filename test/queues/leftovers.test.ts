/** What stays in Redis: after any number of lives, only keys that expire, and a known few whose size does not grow with the lives. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RoutingWorkers, startRoutingWorkers } from '../../queues/index.ts';
import type { InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';
import { until } from '../support/services.ts';

const LIVES = 1_000;
const AT_ONCE = 20;

let world: TestEngines;
let workers: RoutingWorkers;
beforeAll(async () => {
  world = await startTestEngines();
  workers = await startRoutingWorkers(await world.another('worker-a'), { log: testLog, sinks: [], logBudgetBytes: 100_000_000 });
});
afterAll(async () => {
  await workers.close();
  await world.close();
});

/** Keys without an expiry, by what they are. Each belongs to an account's configuration, a process or the partition, never to a conversation. */
const KNOWN = [
  /^c:\{p\d+\}:(meta|log|agents|queues)$/,
  /^c:\{p\d+\}:nodes$/,
  /^c:\{p\d+\}:(acct|cv|ags|qs|gs|a|am|as|ad|q|qout|on|r|ql):[a-z0-9_]+$/,
  /^c:\{p\d+\}:doc:(account|queue|agent|group):[a-z0-9_]+$/,
  /^c:\{p\d+\}:f:agent:[a-z0-9_]+$/,
  /^c:\{dir\}:(accounts|groups)$/,
  /^c:\{knocks\}:knocks:(meta|id|events|marker|stalled-check|delayed|pc)$/,
];

async function allKeys(): Promise<string[]> {
  const { redis } = world.engine.core.runner;
  const keys: string[] = [];
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'COUNT', 1_000);
    keys.push(...found);
    cursor = next;
  } while (cursor !== '0');
  return [...new Set(keys)].sort();
}

/** One life of a conversation, of a kind that the number chooses; afterwards nobody is connected to it. */
async function live(number: number, queues: readonly QueueId[], agents: readonly UserId[]): Promise<void> {
  const { engine, scope } = world;
  const { router } = engine;
  const [offering, collecting] = queues as [QueueId, QueueId];
  const [owner, other] = number % 2 === 0 ? [agents[0], agents[1]] : [agents[1], agents[0]];
  if (!owner || !other) throw new Error('two agents are needed');
  const chat = world.newChat(number % 5 === 0 ? offering : collecting);
  const started = await router.startInteraction(scope, chat);
  if (!started.ok) throw new Error(started.code);
  const interactionId = started.interaction.id as InteractionId;
  const key = () => newId('command');
  const gone = () => router.detachClient(scope, { interactionId, connectionId: chat.connectionId });
  const say = (role: 'customer' | 'agent', id: UserId | typeof chat.contactId) =>
    router.sendMessage(scope, {
      interactionId,
      mid: key(),
      from: { role, id, name: 'N' },
      visibility: 'everyone',
      text: 'Hm',
      isClaim: false,
    });
  if (number % 5 === 0) {
    // Offered by itself; declined until it is taken, or given up while it is offered.
    for (const agentId of [owner, other]) {
      const offer = (await engine.views.agent(scope, agentId))?.offers.find((each) => each.interaction === interactionId);
      if (offer) await router.declineOffer(scope, { interactionId, agentId, token: offer.token });
    }
    await router.endInteraction(scope, { interactionId, by: 'client', memberId: chat.contactId, isSupervisor: false });
    await gone();
    return;
  }
  const claimed = await router.claimInteraction(scope, { interactionId, agentId: owner, key: key() });
  expect(claimed).toMatchObject({ ok: true });
  await say('customer', chat.contactId);
  await say('agent', owner);
  await router.inviteParticipant(scope, { interactionId, by: owner, agentId: other, key: key(), isSupervisor: false });
  switch (number % 5) {
    case 1:
      await router.closeInteraction(scope, { interactionId, agentId: owner, outcome: '', note: '', key: key(), isSupervisor: false });
      await gone();
      return;
    case 2:
      // Ended by the client, closed by itself while the other agent is still in it.
      await router.endInteraction(scope, { interactionId, by: 'client', memberId: chat.contactId, isSupervisor: false });
      await gone();
      return;
    case 3:
      await router.transferInteraction(scope, { interactionId, from: owner, to: other, key: key(), isSupervisor: false });
      await router.closeInteraction(scope, { interactionId, agentId: other, outcome: '', note: '', key: key(), isSupervisor: false });
      await gone();
      return;
    default:
      // The client does not come back.
      await gone();
  }
}

test(`rule: ${LIVES} lives leave no key behind once expiry has passed`, { timeout: 120_000 }, async () => {
  const { engine, scope } = world;
  const { redis } = engine.core.runner;
  const base = `c:{p${scope.partition}}`;
  const quick = { wrapUpMs: 50, reconnectMs: 50, autoCloseMs: 50 };
  const queues = [await world.addQueue({ mode: 'balanced', ...quick }), await world.addQueue({ mode: 'manual', ...quick })];
  const agents = [await world.addAgent({ queues, capacity: 100 }), await world.addAgent({ queues, capacity: 100 })];
  const before = await allKeys();

  for (let number = 0; number < LIVES; number += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => live(number + index, queues, agents)));
    const user = newId('user');
    for (let count = 0; count < 2; count++)
      await engine.sessions.create(scope, { userId: user, ip: '', userAgent: '', stage: 'full', principal: '{}', ttlMs: 60_000 });
  }
  const load = async (id: UserId) => (await engine.views.agent(scope, id))?.agent.load;
  await until(async () => (await load(agents[0] as UserId)) === 0 && (await load(agents[1] as UserId)) === 0, {
    timeoutMs: 30_000,
    what: 'the end of the last conversation',
  });
  const jobs = async () => {
    const listed = await Promise.all(['wait', 'active'].map((list) => redis.llen(`c:{knocks}:knocks:${list}`)));
    return listed.reduce((sum, count) => sum + count, await redis.zcard('c:{knocks}:knocks:delayed'));
  };
  await until(async () => (await jobs()) === 0, { timeoutMs: 30_000, what: 'the last knock' });

  const lasting: string[] = [];
  for (const key of await allKeys()) {
    const leftMs = await redis.pttl(key);
    // One that expired since it was listed is told as −2.
    if (leftMs === -1) lasting.push(key);
    else if (!key.endsWith(':worker')) await redis.del(key); // As expiry will.
  }
  expect(lasting.filter((key) => !KNOWN.some((known) => known.test(key)) && !before.includes(key))).toEqual([]);
  expect(
    lasting.filter((key) => !before.includes(key) && !/:(meta|nodes)$|:f:agent:|:ql:|\{knocks\}/.test(key)),
    'nothing new',
  ).toEqual([]);
  // What stays does not grow: nothing is held, due, listed or kept for conversations that are over.
  const held = lasting.filter((key) => key.includes(':n:node-a:'));
  for (const key of held) expect((await redis.smembers(key)).filter((claim) => claim.startsWith('c|'))).toEqual([]);
  for (const agent of agents) expect(await redis.xlen(`${base}:f:agent:${agent}`)).toBeLessThan(500);
  expect(await redis.xlen('c:{knocks}:knocks:events')).toBeLessThan(12_000);
  expect(await redis.hlen(`${base}:nodes`)).toBe(2);
  expect(workers.figures).toMatchObject({ repairs: 0, lostKnocks: 0 });
});

test('INV-3 an agent who is removed leaves nothing held: conversations, invitations, wrap-ups', { timeout: 30_000 }, async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'manual', wrapUpMs: 60_000 });
  const leaver = await world.addAgent({ queues: [queue] });
  const stayer = await world.addAgent({ queues: [queue] });
  const [served, ended, closed, visited] = [
    await world.startChat(queue),
    await world.startChat(queue),
    await world.startChat(queue),
    await world.startChat(queue),
  ];
  for (const { id } of [served, ended, closed])
    await engine.router.claimInteraction(scope, { interactionId: id, agentId: leaver, key: newId('command') });
  await engine.router.claimInteraction(scope, { interactionId: visited.id, agentId: stayer, key: newId('command') });
  const invite = { interactionId: visited.id, by: stayer, agentId: leaver, key: newId('command'), isSupervisor: false };
  await engine.router.inviteParticipant(scope, invite);
  await engine.router.endInteraction(scope, { interactionId: ended.id, by: 'client', memberId: ended.contactId, isSupervisor: false });
  const close = { agentId: leaver, outcome: '', note: '', isSupervisor: false };
  await engine.router.closeInteraction(scope, { ...close, interactionId: closed.id, key: newId('command') });

  await engine.config.apply([{ kind: 'agent', id: leaver, accountId: scope.accountId, version: 2_000_000, doc: null }]);
  const state = async (id: InteractionId) => engine.views.interaction(scope, id);
  expect(await state(served.id)).toMatchObject({ state: 'waiting' });
  expect(await state(ended.id)).toMatchObject({ state: 'closed' });
  expect((await state(visited.id))?.participants).toEqual([]);
  const { redis } = engine.core.runner;
  const base = `c:{p${scope.partition}}`;
  for (const list of ['ai', 'ao', 'aw', 'ap', 'al', 'as', 'am']) expect(await redis.exists(`${base}:${list}:${leaver}`), list).toBe(0);
  expect((await engine.views.agent(scope, leaver))?.agent.load).toBe(0);
  expect((await redis.zrange(`${base}:due:knock`, 0, -1)).filter((deadline) => deadline.includes(leaver))).toEqual([]);
});

test('rule: a vote that comes while a long wrap-up keeps a closed conversation leaves no feed behind', async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'manual', wrapUpMs: 3_600_000, rating: 'stars' });
  const agentId = await world.addAgent({ queues: [queue] });
  const { id: interactionId, contactId } = await world.startChat(queue);
  await engine.router.claimInteraction(scope, { interactionId, agentId, key: newId('command') });
  const close = { interactionId, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
  expect(await engine.router.closeInteraction(scope, close)).toEqual({ ok: true });
  const { redis } = engine.core.runner;
  const feed = `c:{p${scope.partition}}:f:conversation:${interactionId}`;
  // Its time, a quarter of an hour, is over; the interaction itself stays for the wrap-up.
  await redis.del(feed);
  expect(await engine.router.rateInteraction(scope, { interactionId, contactId, value: 5, comment: '' })).toEqual({ ok: true });
  expect(await redis.pttl(feed)).toBeGreaterThan(0);
});
