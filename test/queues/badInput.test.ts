/** Bad input to the routing engine: a clear refusal or a defined outcome, no interaction lost, nobody else delayed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueDoc } from '../../queues/config.ts';
import type { AccountId, InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { readWorld, violations } from '../support/invariants.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

const stateOf = (id: string) => world.engine.views.interaction(world.scope, id as InteractionId);
const offersOf = async (agentId: UserId) => (await world.engine.views.agent(world.scope, agentId))?.offers ?? [];

describe('what there is not', () => {
  test('rule: an unknown queue takes nothing', async () => {
    const chat = world.newChat(newId('queue'));
    expect(await world.engine.router.startInteraction(world.scope, chat)).toMatchObject({ ok: false, code: 'not_found' });
    expect(await world.engine.views.ofContact(world.scope, chat.contactId)).toEqual([]);
  });

  test('rule: an unknown agent, or one of another account, is refused everything', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'manual' });
    const owner = await world.addAgent({ queues: [queue] });
    const chat = await world.startChat(queue);
    await engine.router.claimInteraction(scope, { interactionId: chat.id, agentId: owner, key: newId('command') });
    const nobody = newId('user');
    const key = newId('command');
    expect(await engine.router.signIn(scope, { agentId: nobody, key })).toMatchObject({ ok: false, code: 'not_found' });
    expect(await engine.router.pause(scope, { agentId: nobody, key, reason: '' })).toMatchObject({ ok: false, code: 'not_found' });
    const handing = { interactionId: chat.id, from: owner, to: nobody, key, isSupervisor: false };
    expect(await engine.router.transferInteraction(scope, handing)).toMatchObject({ ok: false, code: 'not_found' });
    const foreign = { ...scope, accountId: newId('account') as AccountId };
    expect(await engine.router.signIn(foreign, { agentId: owner, key })).toMatchObject({ ok: false, code: 'not_found' });
    expect(await stateOf(chat.id)).toMatchObject({ state: 'served', owner: { id: owner } });
  });

  test('rule: a skill that nobody holds keeps its interaction waiting, and nobody behind it', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const needy = await engine.router.startInteraction(scope, { ...world.newChat(queue), required: [{ skill: 'none', level: 1 }] });
    const plain = await world.startChat(queue);
    const agentId = await world.addAgent({ queues: [queue], capacity: 5 });
    expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([plain.id]);
    expect(await stateOf(needy.ok ? needy.interaction.id : '')).toMatchObject({ state: 'waiting' });
  });

  test('INV-5 an unknown token accepts and declines nothing', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const agentId = await world.addAgent({ queues: [queue] });
    const chat = await world.startChat(queue);
    const before = await stateOf(chat.id);
    for (const method of ['acceptOffer', 'declineOffer'] as const) {
      const refused = await engine.router[method](scope, { interactionId: chat.id, agentId, token: 'none' });
      expect(refused).toMatchObject({ ok: false, code: 'offer_gone' });
    }
    expect(await stateOf(chat.id)).toEqual(before);
    expect(await offersOf(agentId)).toHaveLength(1);
  });

  test('rule: a strategy that does not exist is refused before it is stored', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'linear' });
    const doc = { ...(await engine.config.queue(scope, queue)), mode: 'psychic' } as unknown as QueueDoc;
    const entry = { kind: 'queue' as const, id: queue, accountId: scope.accountId, version: 1_000_000, doc };
    await expect(engine.config.apply([entry])).rejects.toThrow(/mode/);
    expect(await engine.config.queue(scope, queue)).toMatchObject({ mode: 'linear' });
    const agentId = await world.addAgent({ queues: [queue] });
    const chat = await world.startChat(queue);
    expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([chat.id]);
  });

  test('RTE-5 capacity 0: the agent is offered nothing, may claim nothing, and holds up nobody', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const empty = await world.addAgent({ queues: [queue], capacity: 0 });
    const chat = await world.startChat(queue);
    const claim = { interactionId: chat.id, agentId: empty, key: newId('command') };
    expect(await engine.router.claimInteraction(scope, claim)).toMatchObject({ ok: false, code: 'at_capacity' });
    const able = await world.addAgent({ queues: [queue] });
    expect(await offersOf(empty)).toEqual([]);
    expect((await offersOf(able)).map(({ interaction }) => interaction)).toEqual([chat.id]);
  });

  test('RTE-10 overflow in a circle of three: each queue is entered once, and it waits in the last', async () => {
    const queues = [await world.addQueue({}), await world.addQueue({}), await world.addQueue({})];
    for (const [at, queue] of queues.entries()) {
      const queueId = queues[(at + 1) % 3] ?? '';
      await world.changeQueue(queue, {
        mode: 'longest_idle',
        recipe: [
          { afterSec: 10, onlyIf: 'always', do: { op: 'queue', queueId } },
          { afterSec: 10, onlyIf: 'always', do: { op: 'queue', queueId: queue } },
          { afterSec: 10, onlyIf: 'always', do: { op: 'queue', queueId: newId('queue') } },
        ],
      });
    }
    const chat = await world.startChat(queues[0] as QueueId);
    const visited: string[] = [];
    for (let round = 0; round < 6; round++) {
      await world.advance(10_000);
      visited.push((await stateOf(chat.id))?.queue ?? '');
    }
    expect(visited).toEqual([queues[1], queues[2], queues[2], queues[2], queues[2], queues[2]]);
    const agentId = await world.addAgent({ queues: [queues[2] ?? ''] });
    expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([chat.id]);
  });
});

describe('what goes away', () => {
  test('rule: a queue deleted while 10,000 wait: each is rejected, a few at a time, and other queues go on meanwhile', async () => {
    const { engine, scope } = world;
    const [queue, rest] = [await world.addQueue({ mode: 'longest_idle' }), await world.addQueue({ mode: 'longest_idle' })];
    // Not about durability: without a sync for each of them it is soon over.
    await engine.core.runner.redis.config('SET', 'appendfsync', 'no');
    const ids: string[] = [];
    for (let batch = 0; batch < 20; batch++) {
      const started = await Promise.all(
        Array.from({ length: 500 }, () => engine.router.startInteraction(scope, { ...world.newChat(queue, ''), connectionId: '' })),
      );
      for (const each of started) if (each.ok) ids.push(each.interaction.id);
    }
    expect(ids).toHaveLength(10_000);
    const agentId = await world.addAgent({ queues: [rest] });
    const { redis } = engine.core.runner;
    const waiting = () => redis.zcard(`c:{p${scope.partition}}:w:${queue}`);
    const from = (await redis.xrevrange(`c:{p${scope.partition}}:log`, '+', '-', 'COUNT', 1))[0]?.[0] ?? '-';
    await world.deleteQueue(queue);
    let left = await waiting();
    expect(left).toBeGreaterThan(9_000);
    let most = 0;
    for (let round = 0; left > 0; round++) {
      await engine.core.commands.run('sweepPartition', scope.partition, [0]);
      if (round === 3) {
        const chat = await world.startChat(rest);
        expect((await offersOf(agentId)).map(({ interaction }) => interaction)).toEqual([chat.id]);
        expect(await waiting()).toBeGreaterThan(9_000);
      }
      const now = await waiting();
      most = Math.max(most, left - now);
      left = now;
    }
    expect(most).toBeLessThanOrEqual(200);
    const entries = (await redis.xrange(`c:{p${scope.partition}}:log`, `(${from}`, '+')) as [string, string[]][];
    const rejected = entries
      .filter(([, fields]) => fields.includes('interaction.closed'))
      .map(([, fields]) => JSON.parse(fields[fields.indexOf('d') + 1] ?? '{}') as { i: string; reason: string })
      .filter(({ reason }) => reason === 'rejected');
    expect(new Set(rejected.map(({ i }) => i))).toEqual(new Set(ids));
    expect(rejected).toHaveLength(ids.length);
  }, 120_000);

  test('INV-3 an agent removed while serving: what was served waits again with its place, what had ended is closed, the offer goes on', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const leaving = await world.addAgent({ queues: [queue], capacity: 3 });
    const chats = [await world.startChat(queue), await world.startChat(queue), await world.startChat(queue)] as const;
    const [served, ended, offered] = chats;
    const tokens = new Map((await offersOf(leaving)).map(({ interaction, token }) => [interaction, token]));
    for (const chat of [served, ended])
      await engine.router.acceptOffer(scope, { interactionId: chat.id, agentId: leaving, token: tokens.get(chat.id) ?? '' });
    await engine.router.endInteraction(scope, { interactionId: ended.id, by: 'client', memberId: ended.contactId, isSupervisor: false });
    await engine.config.apply([{ kind: 'agent', id: leaving, accountId: scope.accountId, version: 1_000_000, doc: null }]);
    expect(await stateOf(ended.id)).toMatchObject({ state: 'closed' });
    expect(await stateOf(served.id)).toMatchObject({ state: 'waiting' });
    expect(await stateOf(offered.id)).toMatchObject({ state: 'waiting' });
    const next = await world.addAgent({ queues: [queue], capacity: 1 });
    expect((await offersOf(next)).map(({ interaction }) => interaction)).toEqual([served.id]);
    const facts = await readWorld(engine, scope, { interactions: chats.map(({ id }) => id), agents: [leaving, next], queues: [queue] });
    expect(violations(facts)).toEqual([]);
    expect(await engine.router.signIn(scope, { agentId: leaving, key: newId('command') })).toMatchObject({ ok: false });
  });

  test('ACC-1 an account deactivated: what rings may still be taken, an offer that expires goes nowhere, and all of it goes on when it is back', async () => {
    const { engine, scope } = world;
    const queue = await world.addQueue({ mode: 'longest_idle', offerTimeoutMs: 20_000, maxMissed: 0 });
    const [first, second] = [await world.addAgent({ queues: [queue] }), await world.addAgent({ queues: [queue] })];
    const [taken, lapsing] = [await world.startChat(queue), await world.startChat(queue)];
    const [token] = (await offersOf(first)).map((offer) => offer.token);
    await world.changeAccount({ isActive: false });
    await world.advance(0);
    expect(await engine.router.startInteraction(scope, world.newChat(queue))).toMatchObject({ ok: false, code: 'account_inactive' });
    expect(await engine.router.acceptOffer(scope, { interactionId: taken.id, agentId: first, token: token ?? '' })).toMatchObject({
      ok: true,
    });
    await world.advance(20_000);
    expect(await stateOf(lapsing.id)).toMatchObject({ state: 'waiting' });
    expect(await offersOf(second)).toEqual([]);
    await world.changeAccount({ isActive: true });
    await world.advance(0);
    expect(await stateOf(lapsing.id)).toMatchObject({ state: 'offered' });
  });
});
