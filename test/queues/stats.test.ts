/** RTE-9, SUP-4, ANA-4: the figures of a queue, counted by the scripts, in virtual time on a real Redis. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueDoc } from '../../queues/config.ts';
import { type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { countLog, type LoggedEvent } from '../support/countedLog.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
});
afterAll(() => world.close());

async function figures(queue: QueueId) {
  const read = await world.engine.views.figures(world.scope, queue, { withOccupancy: true });
  if (!read) throw new Error('no such queue');
  return read;
}

interface Chat {
  readonly id: InteractionId;
  readonly leave: () => Promise<unknown>;
}

async function arrive(queue: QueueId, priority = 0): Promise<Chat> {
  const chat = { ...world.newChat(queue), text: '', connectionId: '', priority };
  const started = await world.engine.router.startInteraction(world.scope, chat);
  if (!started.ok) throw new Error(started.code);
  const id = started.interaction.id as InteractionId;
  const leave = () =>
    world.engine.router.endInteraction(world.scope, { interactionId: id, by: 'client', memberId: chat.contactId, isSupervisor: false });
  return { id, leave };
}

async function take({ id }: Chat, agentId: UserId): Promise<void> {
  expect(await world.engine.router.claimInteraction(world.scope, { interactionId: id, agentId, key: newId('command') })).toMatchObject({
    ok: true,
  });
}

async function close({ id }: Chat, agentId: UserId): Promise<void> {
  const command = { interactionId: id, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
  expect(await world.engine.router.closeInteraction(world.scope, command)).toEqual({ ok: true });
}

/** One that is answered after the wait and closed after the time it takes. */
async function serve(queue: QueueId, agent: UserId, waitMs: number, handleMs = 0): Promise<void> {
  const chat = await arrive(queue);
  await world.advance(waitMs);
  await take(chat, agent);
  await world.advance(handleMs);
  await close(chat, agent);
}

/** To the beginning of a half minute, so that what is in the window can be said exactly. */
const alignHalfMinute = (): Promise<void> => world.advance(30 * SECOND - (world.now() % (30 * SECOND)));

async function manualQueue(settings: Partial<QueueDoc> = {}): Promise<{ queue: QueueId; agent: UserId }> {
  const queue = await world.addQueue({ mode: 'manual', serviceLevelSec: 20, ...settings });
  return { queue, agent: await world.addAgent({ queues: [queue], capacity: 100 }) };
}

describe('the last 15 minutes', () => {
  test('RTE-9: the average wait is that of the answers in the window, and absent, not 0, when there were none', async () => {
    const { queue, agent } = await manualQueue();
    expect((await figures(queue)).averageWaitMs).toBeUndefined();
    await alignHalfMinute();
    await serve(queue, agent, 4 * SECOND);
    expect(await figures(queue)).toMatchObject({ answered: 1, averageWaitMs: 4 * SECOND });
    await world.advance(5 * MINUTE - 4 * SECOND);
    await serve(queue, agent, 10 * SECOND);
    expect(await figures(queue)).toMatchObject({ answered: 2, averageWaitMs: 7 * SECOND });
    // The first leaves with its half minute, 15 minutes after that began; the second 5 minutes later.
    await world.advance(10 * MINUTE - 10 * SECOND - 1);
    expect(await figures(queue)).toMatchObject({ answered: 2, averageWaitMs: 7 * SECOND });
    await world.advance(1);
    expect(await figures(queue)).toMatchObject({ answered: 1, averageWaitMs: 10 * SECOND });
    await world.advance(5 * MINUTE);
    const empty = await figures(queue);
    expect(empty).toMatchObject({ answered: 0, today: { answered: 2, averageWaitMs: 7 * SECOND } });
    expect(empty.averageWaitMs).toBeUndefined();
    expect(empty.serviceLevel).toBeUndefined();
  });

  test('RTE-9: a wait of 0 ms is an average of 0, unlike no answer', async () => {
    const { queue, agent } = await manualQueue();
    await serve(queue, agent, 0);
    expect(await figures(queue)).toMatchObject({ answered: 1, averageWaitMs: 0 });
  });

  test('ANA-4: service level is answered within T ÷ (answered + abandoned after T)', async () => {
    const { queue, agent } = await manualQueue({ serviceLevelSec: 20 });
    await serve(queue, agent, 5 * SECOND);
    await serve(queue, agent, 20 * SECOND);
    await serve(queue, agent, 20 * SECOND + 1);
    expect((await figures(queue)).serviceLevel).toBe(0.667);
    const hasty = await arrive(queue);
    await world.advance(20 * SECOND);
    await hasty.leave();
    expect(await figures(queue)).toMatchObject({ answered: 3, abandoned: 1, serviceLevel: 0.667 });
    const patient = await arrive(queue);
    await world.advance(20 * SECOND + 1);
    await patient.leave();
    expect(await figures(queue)).toMatchObject({
      answered: 3,
      abandoned: 2,
      serviceLevel: 2 / 4,
      today: { abandoned: 2, serviceLevel: 2 / 4 },
    });
  });

  test('ANA-4: one that was answered once is not abandoned when the client leaves while it waits again', async () => {
    const { queue, agent } = await manualQueue();
    const chat = await arrive(queue);
    await world.advance(3 * SECOND);
    await take(chat, agent);
    await world.engine.router.signOut(world.scope, { agentId: agent, key: newId('command') });
    await world.engine.config.apply([{ kind: 'agent', id: agent, accountId: world.scope.accountId, version: 1_000_000, doc: null }]);
    expect((await world.engine.views.interaction(world.scope, chat.id))?.state).toBe('waiting');
    await world.advance(MINUTE);
    await chat.leave();
    expect(await figures(queue)).toMatchObject({ answered: 1, abandoned: 0, waiting: 0 });
  });

  test('ANA-4: what a supervisor ends while it waits, or rings, is rejected: nobody gave up', async () => {
    const queue = await world.addQueue({ mode: 'longest_idle' });
    const [rings, waits] = [await arrive(queue), await arrive(queue)];
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    expect((await world.engine.views.agent(world.scope, agent))?.offers).toHaveLength(1);
    for (const { id } of [rings, waits]) {
      const end = { interactionId: id, by: 'agent', memberId: newId('user'), isSupervisor: true } as const;
      expect(await world.engine.router.endInteraction(world.scope, end)).toEqual({ ok: true });
      expect((await world.engine.views.interaction(world.scope, id))?.state).toBe('closed');
    }
    expect(await figures(queue)).toMatchObject({ answered: 0, abandoned: 0, waiting: 0 });
  });

  test('ANA-4: an agent is busy from the offer to the end of wrap-up, and counts while signed in, not paused and there', async () => {
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true, wrapUpMs: 30 * SECOND });
    await alignHalfMinute();
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    await world.advance(MINUTE);
    const chat = await arrive(queue);
    await world.advance(MINUTE);
    await close(chat, agent);
    await world.advance(MINUTE);
    // Held for one minute and the half minute of wrap-up, out of three.
    expect((await figures(queue)).occupancy).toBe(0.5);
    const key = newId('command');
    await world.engine.router.pause(world.scope, { agentId: agent, key, reason: 'lunch' });
    await world.advance(5 * MINUTE);
    expect((await figures(queue)).occupancy).toBeUndefined();
    await world.engine.router.resume(world.scope, { agentId: agent, key: newId('command') });
    await world.advance(3 * MINUTE);
    expect((await figures(queue)).occupancy).toBe(0.25);
    await world.advance(15 * MINUTE);
    expect((await figures(queue)).occupancy).toBe(0);
  });
});

describe('since midnight UTC', () => {
  test('ANA-4: handled, handle time with wrap-up; a new day begins at 0', async () => {
    const { queue, agent } = await manualQueue({ wrapUpMs: 20 * SECOND });
    await serve(queue, agent, SECOND, 3 * MINUTE);
    expect((await figures(queue)).today).toMatchObject({ answered: 1, handled: 0 });
    await world.advance(20 * SECOND);
    expect((await figures(queue)).today).toMatchObject({ handled: 1, averageHandleMs: 3 * MINUTE + 20 * SECOND });
    const day = 24 * 60 * MINUTE;
    await world.advance(day - (world.now() % day) - 1);
    expect((await figures(queue)).today.answered).toBe(1);
    await world.advance(1);
    expect((await figures(queue)).today).toEqual({ answered: 0, abandoned: 0, handled: 0 });
    await serve(queue, agent, 2 * SECOND);
    expect((await figures(queue)).today).toMatchObject({ answered: 1, averageWaitMs: 2 * SECOND });
  });
});

describe('now', () => {
  test('RTE-9: the place in the queue goes by the score; whoever does not wait has none', async () => {
    const queue = await world.addQueue({ mode: 'balanced', weightSec: 60 });
    const place = async ({ id }: Chat) => (await world.engine.views.place(world.scope, id))?.position;
    const first = await arrive(queue);
    await world.advance(SECOND);
    const second = await arrive(queue);
    await world.advance(SECOND);
    const urgent = await arrive(queue, 5);
    expect([await place(first), await place(second), await place(urgent)]).toEqual([2, 3, 1]);
    expect(await figures(queue)).toMatchObject({ waiting: 3, longestWaitSince: world.now() - 2 * SECOND, agentsOnline: 0 });
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    expect([await place(first), await place(second), await place(urgent)]).toEqual([1, 2, undefined]);
    await world.engine.router.pause(world.scope, { agentId: agent, key: newId('command'), reason: '' });
    expect(await figures(queue)).toMatchObject({ agentsOnline: 0, agentsPaused: 1, agentsAvailable: 0, waiting: 3 });
  });

  test('BEY-4: nothing is estimated without an agent or without knowing how long one takes, and 0 when an agent is ready', async () => {
    const queue = await world.addQueue({ mode: 'balanced', isAutoAccepted: true });
    expect((await figures(queue)).estimatedWaitMs).toBeUndefined();
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    expect((await figures(queue)).estimatedWaitMs).toBe(0);
    const chat = await arrive(queue);
    const next = await arrive(queue);
    expect((await figures(queue)).estimatedWaitMs).toBeUndefined();
    await world.advance(2 * MINUTE);
    await close(chat, agent);
    await arrive(queue);
    // One agent who takes two minutes: two are before somebody who came now, in service or waiting, and the place is worth the same.
    expect((await figures(queue)).estimatedWaitMs).toBe(4 * MINUTE);
    // Who comes in the same millisecond has the same place.
    await world.advance(1);
    const last = await arrive(queue);
    expect(await world.engine.views.place(world.scope, last.id)).toEqual({ position: 2, estimatedWaitMs: 4 * MINUTE });
    await world.engine.router.signOut(world.scope, { agentId: agent, key: newId('command') });
    expect((await figures(queue)).estimatedWaitMs).toBeUndefined();
    expect(await world.engine.views.place(world.scope, last.id)).toMatchObject({ estimatedWaitMs: undefined });
    await next.leave();
  });

  test('BEY-4: time in which nobody waited counts for nothing, when a recipe had emptied the line', async () => {
    const elsewhere = await world.addQueue({ mode: 'manual' });
    const queue = await world.addQueue({
      mode: 'balanced',
      isAutoAccepted: true,
      recipe: [{ afterSec: 30, onlyIf: 'always', do: { op: 'queue', queueId: elsewhere } }],
    });
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    const long = await arrive(queue);
    const moved = await arrive(queue);
    await world.advance(10.5 * MINUTE);
    expect((await world.engine.views.interaction(world.scope, moved.id))?.queue).toBe(elsewhere);
    await arrive(queue);
    await world.advance(20 * SECOND);
    await close(long, agent);
    // One was answered in the 20 s in which something was seen to wait; beforehand it is known that the agent takes 650 s, worth 8 answers.
    expect((await figures(queue)).estimatedWaitMs).toBe(Math.round((8 * 650 * SECOND + 20 * SECOND) / 9));
  });

  test('BEY-4: where agents have to accept, the estimate for a free agent is how long that takes', async () => {
    const queue = await world.addQueue({ mode: 'balanced', offerTimeoutMs: 30 * SECOND });
    const agent = await world.addAgent({ queues: [queue], capacity: 1 });
    for (const rings of [4 * SECOND, 8 * SECOND]) {
      const chat = await arrive(queue);
      await world.advance(rings);
      const token = (await world.engine.views.agent(world.scope, agent))?.offers[0]?.token ?? '';
      await world.engine.router.acceptOffer(world.scope, { interactionId: chat.id, agentId: agent, token });
      await close(chat, agent);
    }
    // The first was estimated at 0, the second at 4 s.
    expect(await figures(queue)).toMatchObject({ estimatedWaitMs: 6 * SECOND, estimateErrorMs: 4 * SECOND });
  });
});

test('SUP-4: what is counted expires by itself', async () => {
  const { queue, agent } = await manualQueue();
  await serve(queue, agent, SECOND);
  const { redis } = world.engine.core.runner;
  const keys = ['st', 'sb', 'sw'].map((name) => `c:{p7}:${name}:${queue}`);
  for (const key of [...keys, `c:{p7}:oc:${agent}`]) expect(await redis.ttl(key), key).toBeGreaterThan(0);
});

type Step =
  | { readonly do: 'arrive'; readonly queue: number }
  | { readonly do: 'leave' | 'claim' | 'close' | 'accept' | 'decline'; readonly which: number; readonly agent: number }
  | { readonly do: 'pause' | 'resume' | 'signOut' | 'signIn' | 'endWrapUp'; readonly agent: number }
  | { readonly do: 'wait'; readonly ms: number };

const agentStep = fc.record({ do: fc.constantFrom('pause', 'resume', 'signOut', 'signIn', 'endWrapUp'), agent: fc.nat(2) });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('arrive'), queue: fc.nat(1) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom('leave', 'claim', 'close', 'accept', 'accept', 'decline'),
      which: fc.nat(9),
      agent: fc.nat(2),
    }),
  },
  { weight: 4, arbitrary: agentStep },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.oneof(fc.nat(20 * SECOND), fc.nat(8 * MINUTE)) }) },
) as fc.Arbitrary<Step>;

const lastEntry = async (): Promise<string> =>
  (await world.engine.core.runner.redis.xrevrange('c:{p7}:log', '+', '-', 'COUNT', 1))[0]?.[0] ?? '0';

async function readLog(after: string): Promise<LoggedEvent[]> {
  const entries = await world.engine.core.runner.redis.xrange('c:{p7}:log', `(${after}`, '+');
  return entries.map(([, flat]) => {
    const field = (name: string): string => flat[flat.indexOf(name) + 1] ?? '';
    return { type: field('t'), at: Number(field('at')), body: JSON.parse(field('d')) as Record<string, unknown> };
  });
}

test('RTE-9, SUP-4: after any history the figures equal what the whole event log adds up to', async () => {
  const { router, views } = world.engine;
  const { scope } = world;
  const shapes: Partial<QueueDoc>[] = [
    { mode: 'manual', serviceLevelSec: 10, wrapUpMs: 0 },
    { mode: 'balanced', serviceLevelSec: 30, wrapUpMs: 45 * SECOND, offerTimeoutMs: 15 * SECOND, maxMissed: 2 },
  ];
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
      const begin = await lastEntry();
      const queues = await Promise.all(shapes.map((shape) => world.addQueue(shape)));
      const agents: UserId[] = [];
      for (const capacity of [1, 1, 3]) agents.push(await world.addAgent({ queues, capacity }));
      const chats: Chat[] = [];

      async function check(): Promise<void> {
        const log = countLog(await readLog(begin), (queue) => queue === queues[1]);
        for (const [index, queue] of queues.entries()) {
          const present = (await views.agents(scope, { limit: 1_000 })).agents.filter((agent) =>
            agent.queues.some((each) => each.id === queue && each.isSignedIn && agent.status !== 'paused'),
          );
          const expected = log.figures(
            queue,
            world.now(),
            (shapes[index]?.serviceLevelSec ?? 0) * SECOND,
            present.map(({ id }) => id),
          );
          const { answered, abandoned, averageWaitMs, serviceLevel, today, occupancy } = await figures(queue);
          const counted = { answered, abandoned, averageWaitMs, serviceLevel, today, occupancy };
          expect(JSON.parse(JSON.stringify(counted))).toEqual(expected);
          compared += answered;
        }
      }

      for (const one of steps) {
        const key = newId('command');
        if (one.do === 'wait') {
          await world.advance(one.ms);
          await check();
        } else if (one.do === 'arrive') {
          chats.push(await arrive(queues[one.queue] as QueueId));
        } else if ('which' in one) {
          const chat = chats[one.which % Math.max(1, chats.length)];
          const agentId = agents[one.agent] as UserId;
          if (!chat) continue;
          const command = { interactionId: chat.id, agentId, key };
          if (one.do === 'leave') await chat.leave();
          else if (one.do === 'claim') await router.claimInteraction(scope, command);
          else if (one.do === 'close') await router.closeInteraction(scope, { ...command, outcome: '', note: '', isSupervisor: false });
          else {
            const offer = (await views.agent(scope, agentId))?.offers[0];
            if (!offer) continue;
            const answer = { interactionId: offer.interaction as InteractionId, agentId, token: offer.token };
            await (one.do === 'accept' ? router.acceptOffer(scope, answer) : router.declineOffer(scope, answer));
          }
        } else {
          const agentId = agents[one.agent] as UserId;
          if (one.do === 'pause') await router.pause(scope, { agentId, key, reason: 'lunch' });
          else if (one.do === 'resume') await router.resume(scope, { agentId, key });
          else if (one.do === 'signOut') await router.signOut(scope, { agentId, key });
          else if (one.do === 'signIn') await router.signIn(scope, { agentId, key });
          else
            for (const wrapUp of (await views.agent(scope, agentId))?.agent.wrapUps ?? []) {
              await router.endWrapUp(scope, { interactionId: wrapUp.interaction as InteractionId, agentId, isSupervisor: false });
            }
        }
      }
      await check();
      for (const chat of chats) await chat.leave();
      for (const agentId of agents) await router.signOut(scope, { agentId, key: newId('command') });
    }),
    { numRuns: 10, seed: 20_261_121, endOnFailure: true },
  );
  expect(compared).toBeGreaterThan(0);
}, 120_000);
