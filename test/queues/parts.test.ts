/**
 * Changes that concern many are made in parts, so that nobody else waits long for one of them: how much each script writes into the log is counted, and
 * in the end all of it is done. Virtual time, real Redis.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

/** What a script may write: it stops when it has done enough, and the last thing it began is finished. */
const MOST_EVENTS = 20;
const WAITING = 120;
const AGENTS = 40;

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

const redis = () => world.engine.core.runner.redis;
const base = () => `c:{p${world.scope.partition}}`;
const events = () => redis().xlen(`${base()}:log`);
const waiting = (queue: QueueId) => redis().zcard(`${base()}:w:${queue}`);

async function start(queue: QueueId): Promise<InteractionId> {
  const chat = { ...world.newChat(queue), text: '', connectionId: '' };
  const answer = await world.engine.router.startInteraction(world.scope, chat);
  if (!answer.ok) throw new Error(answer.code);
  return answer.interaction.id as InteractionId;
}

async function fill(queue: QueueId, count = WAITING): Promise<InteractionId[]> {
  const started: InteractionId[] = [];
  for (let number = 0; number < count; number++) {
    started.push(await start(queue));
    // Who comes in the same millisecond has the same place.
    await world.advance(1);
  }
  return started;
}

/** Fires what is due, script by script, until nothing is. @return how many events each wrote, `first` by the command before */
async function parts(change: () => Promise<unknown>): Promise<number[]> {
  const written: number[] = [];
  let before = await events();
  const note = async (): Promise<void> => {
    const now = await events();
    written.push(now - before);
    before = now;
  };
  await change();
  await note();
  for (let fired = 1; fired > 0; ) {
    const reply = await world.engine.core.commands.run('sweepPartition', world.scope.partition, [0]);
    fired = Array.isArray(reply) ? Number(reply[1]) + Number(reply[2]) : 0;
    if (fired > 0) await note();
  }
  return written;
}

async function freeAgents(queue: QueueId): Promise<UserId[]> {
  const agents: UserId[] = [];
  for (let number = 0; number < AGENTS; number++) agents.push(await world.addAgent({ queues: [queue], capacity: 2 }));
  return agents;
}

const loadOf = async (agent: UserId) => (await world.engine.views.agent(world.scope, agent))?.agent.load;

describe('rule: no script touches more than some 200 elements', () => {
  test('INV-6 an account is switched on again: its free agents get what waits in parts', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const agents = await freeAgents(queue);
    for (const agentId of agents) await world.engine.router.pause(world.scope, { agentId, reason: 'tea', key: newId('command') });
    await fill(queue);
    await world.changeAccount({ isActive: false });
    for (const agentId of agents) await world.engine.router.resume(world.scope, { agentId, key: newId('command') });
    const written = await parts(() => world.changeAccount({ isActive: true }));
    expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
    expect(written.length).toBeGreaterThan(5);
    expect(await waiting(queue)).toBe(WAITING - 2 * AGENTS);
    for (const agent of agents) expect(await loadOf(agent)).toBe(2);
  });

  test('INV-6 INV-8 a queue becomes automatic: the first who came are offered, to all its free agents', async () => {
    const queue = await world.addQueue({ mode: 'manual' });
    const agents = await freeAgents(queue);
    const started = await fill(queue);
    const written = await parts(() => world.changeQueue(queue, { mode: 'longest_idle' }));
    expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
    expect(written.length).toBeGreaterThan(5);
    const states = await Promise.all(started.map((id) => world.engine.views.interaction(world.scope, id)));
    expect(states.filter((view) => view?.state === 'offered').length).toBe(2 * AGENTS);
    for (const agent of agents) expect(await loadOf(agent)).toBe(2);
  });

  test('INV-3 a queue is deleted while many wait: all are closed with a reason, in parts', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const started = await fill(queue);
    const written = await parts(() => world.deleteQueue(queue));
    expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
    expect(written.length).toBeGreaterThan(WAITING / MOST_EVENTS);
    for (const id of started) expect(await world.engine.views.interaction(world.scope, id)).toMatchObject({ state: 'closed' });
  });

  test('INV-3 INV-8 an agent with a hundred conversations is removed: all wait again with their place, and nothing is held', async () => {
    const queue = await world.addQueue({ mode: 'manual' });
    const agentId = await world.addAgent({ queues: [queue], capacity: 100 });
    const started = await fill(queue, 100);
    for (const interactionId of started)
      expect(await world.engine.router.claimInteraction(world.scope, { interactionId, agentId, key: newId('command') })).toMatchObject({
        ok: true,
      });
    const written = await parts(() => world.changeAgent(agentId, { queues: [], isActive: false }));
    expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
    expect(written.length).toBeGreaterThan(3);
    expect(await redis().zrange(`${base()}:w:${queue}`, 0, -1)).toEqual(started);
    expect(await loadOf(agentId)).toBe(0);
    expect(await redis().exists(`${base()}:ai:${agentId}`)).toBe(0);
  });

  test('INV-1 an agent who comes back while its offers are given back in parts keeps the rest', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const agentId = await world.addAgent({ queues: [queue], capacity: 40 });
    const started = await fill(queue, 40);
    await parts(async () => undefined);
    expect(await loadOf(agentId)).toBe(40);
    await world.engine.router.pause(world.scope, { agentId, reason: 'tea', key: newId('command') });
    const kept = await loadOf(agentId);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(40);
    await world.engine.router.resume(world.scope, { agentId, key: newId('command') });
    await parts(async () => undefined);
    expect(await loadOf(agentId)).toBe(40);
    const states = await Promise.all(started.map((id) => world.engine.views.interaction(world.scope, id)));
    for (const view of states) expect(view).toMatchObject({ state: 'offered' });
  });

  test('RTE-4 an agent who stays paused gives back all of forty offers', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const agentId = await world.addAgent({ queues: [queue], capacity: 40 });
    const started = await fill(queue, 40);
    const written = await parts(() => world.engine.router.pause(world.scope, { agentId, reason: 'tea', key: newId('command') }));
    expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
    expect(await loadOf(agentId)).toBe(0);
    expect(await redis().zrange(`${base()}:w:${queue}`, 0, -1)).toEqual(started);
  });

  test('RTE-4 an agent who signs out of one queue gives back forty offers of it, in parts, and keeps those of the other', async () => {
    const [queue, other] = [await world.addQueue({ mode: 'longest_idle' }), await world.addQueue({ mode: 'longest_idle' })];
    const agentId = await world.addAgent({ queues: [queue, other], capacity: 45 });
    const started = await fill(queue, 40);
    await fill(other, 5);
    const command = { agentId, queues: [queue], key: newId('command') };
    const written = await parts(() => world.engine.router.signOut(world.scope, command));
    expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
    expect(await loadOf(agentId)).toBe(5);
    expect(await redis().zrange(`${base()}:w:${queue}`, 0, -1)).toEqual(started);
  });

  test('RTE-10 INV-6 queues that give on at once, one to the next: walked in parts, and whoever is free in one of them has it there', async () => {
    const queues = [await world.addQueue({ mode: 'longest_idle' })];
    for (let number = 0; number < 20; number++) {
      const next = { op: 'queue', queueId: queues.at(-1) as QueueId } as const;
      queues.push(await world.addQueue({ mode: 'longest_idle', recipe: [{ afterSec: 0, onlyIf: 'always', do: next }] }));
    }
    queues.reverse();
    for (const place of [4, 5, 6, 7, 13]) {
      const queue = queues[place] as QueueId;
      const agentId = await world.addAgent({ queues: [queue] });
      let id = '' as InteractionId;
      const written = await parts(async () => {
        id = await start(queues[0] as QueueId);
      });
      expect(Math.max(...written)).toBeLessThanOrEqual(MOST_EVENTS);
      expect(await world.engine.views.interaction(world.scope, id)).toMatchObject({ state: 'offered', queue });
      // Given back it goes on to the end.
      await parts(() => world.engine.router.pause(world.scope, { agentId, reason: 'tea', key: newId('command') }));
      expect(await world.engine.views.interaction(world.scope, id)).toMatchObject({ state: 'waiting', queue: queues.at(-1) });
    }
  });

  describe('an agent of many queues with many skills comes free, in each of which what it cannot serve waits longest', () => {
    const SKILLS = Array.from({ length: 5 }, (_, number) => `mine-${number}`);
    const MOST_CALLS = 200;
    let queues: QueueId[] = [];
    let agentId: UserId;
    const set = (what: 'pause' | 'resume') => world.engine.router[what](world.scope, { agentId, reason: 'tea', key: newId('command') });
    const offers = async () => (await world.engine.views.agent(world.scope, agentId))?.offers.map(({ interaction }) => interaction) ?? [];
    /** What scripts have asked Redis for, so far. */
    async function calls(): Promise<number> {
      const counts = (await redis().info('commandstats')).matchAll(/^cmdstat_(?:z|h)\w+:calls=(\d+)/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    }
    async function sweep(): Promise<number> {
      const reply = await world.engine.core.commands.run('sweepPartition', world.scope.partition, [0]);
      return Array.isArray(reply) ? Number(reply[2]) : 0;
    }

    beforeAll(async () => {
      queues = [];
      for (let number = 0; number < 5; number++) queues.push(await world.addQueue({ mode: 'longest_idle' }));
      // Held by more, so that what waits stands under the skill that our agent has.
      const others = Object.fromEntries(Array.from({ length: 20 }, (_, number) => [`other-${number}`, 5]));
      for (let number = 0; number < 2; number++) await world.changeAgent(newId('user'), { queues, skills: others });
      const skills = Object.fromEntries(SKILLS.map((skill) => [skill, 5]));
      agentId = await world.addAgent({ queues, capacity: 1, skills });
      await set('pause');
      for (const queue of queues) {
        for (const skill of SKILLS) {
          for (let number = 0; number < 20; number++) {
            const required = [skill, `other-${number}`].map((needed) => ({ skill: needed, level: 1 }));
            const chat = { ...world.newChat(queue), text: '', connectionId: '', required };
            expect(await world.engine.router.startInteraction(world.scope, chat)).toMatchObject({ ok: true });
            await world.advance(1);
          }
        }
      }
    });

    test('INV-8 RTE-1 it is given what waits longest of the rest, whatever comes while that is looked for, and no script looks at more than its part', async () => {
      const oldest = await start(queues.at(-1) as QueueId);
      await world.advance(1);
      await set('resume');
      expect(await offers()).toEqual([]);
      const next = await start(queues[0] as QueueId);
      expect(await offers()).toEqual([]);
      let scripts = 0;
      for (let before = await calls(), fired = 1; fired > 0; scripts++) {
        fired = await sweep();
        const after = await calls();
        expect(after - before).toBeLessThan(MOST_CALLS);
        before = after;
      }
      expect(scripts).toBeGreaterThan(3);
      expect(await offers()).toEqual([oldest]);
      for (const id of [oldest, next]) {
        const token = (await world.engine.views.agent(world.scope, agentId))?.offers[0]?.token ?? '';
        const offer = { interactionId: id, agentId, token };
        expect(await world.engine.router.acceptOffer(world.scope, offer)).toMatchObject({ ok: true });
        const close = { interactionId: id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
        await parts(() => world.engine.router.closeInteraction(world.scope, close));
      }
      expect(await offers()).toEqual([]);
    });

    test('INV-6 what comes into a place that was looked through is found all the same', async () => {
      await set('pause');
      await set('resume');
      const late = await start(queues[0] as QueueId);
      expect(await offers()).toEqual([]);
      await parts(async () => undefined);
      expect(await offers()).toEqual([late]);
    });

    // The first passage ended with one that the agent had declined, and gave it that, before the second found the other.
    test('RTE-2 RTE-6 what comes into a place that was looked through goes before what the agent has missed', async () => {
      const [missed] = await offers();
      const { token } = (await world.engine.views.agent(world.scope, agentId))?.offers[0] ?? { token: '' };
      const decline = { interactionId: missed as InteractionId, agentId, token };
      expect(await world.engine.router.declineOffer(world.scope, decline)).toMatchObject({ ok: true });
      await set('pause');
      // Looked at first, and then nothing more is in its place.
      await world.engine.router.prioritizeInteraction(world.scope, { interactionId: decline.interactionId, priority: 1_000 });
      await set('resume');
      const late = await start(queues[0] as QueueId);
      expect(await offers()).toEqual([]);
      await parts(async () => undefined);
      expect(await offers()).toEqual([late]);
    });
  });
});
