/** The figures of a queue over a socket: state, of which only the latest counts (SUP-4). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId } from '../../src/base/ids.ts';
import type { QueueFigures } from '../../src/protocol/views.ts';
import { until } from '../support/services.ts';
import type { RawSocket } from './support/rawSocket.ts';
import { type Person, type Tenant, World } from './support/world.ts';

let world: World;
let tenant: Tenant;
let anna: Person;

beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
  anna = await world.person(tenant, 'Anna');
});
afterAll(() => world.close());

const pushed = (desk: RawSocket): QueueFigures[] =>
  desk.frames.flatMap((frame) =>
    frame.t === 'state' && frame.event.type === 'figures.changed' ? [frame.event.figures as QueueFigures] : [],
  );

async function ofQueue(name: string): Promise<{ key: string; redis: World['engine']['core']['runner']['redis'] }> {
  const scope = await world.engine.config.scopeOf(tenant.accountId as AccountId);
  if (!scope) throw new Error('the account has no partition');
  const { prefix, runner } = world.engine.core;
  return { key: `${prefix}{p${scope.partition}}:${name}:${tenant.queue}`, redis: runner.redis };
}

test('SUP-4: many changes at once are few pushes, the last of which says what is', async () => {
  const desk = await world.desk(anna);
  const answer = await desk.reply({ t: 'subscribe', feed: `figures:${tenant.queue}` });
  expect(answer).toMatchObject({ mode: 'snapshot', snapshot: { kind: 'figures', figures: { waiting: 0, answered: 0, abandoned: 0 } } });
  const visitors = await Promise.all(Array.from({ length: 30 }, () => world.visitor(tenant)));
  const chats = await Promise.all(visitors.map((visitor) => world.chat(visitor)));
  await until(() => pushed(desk).at(-1)?.waiting === 30, { what: '30 waiting' });
  await Promise.all(visitors.map(({ socket }, index) => socket.reply({ t: 'chat.end', interaction: chats[index] })));
  await until(() => pushed(desk).at(-1)?.abandoned === 30, { what: '30 abandoned' });
  expect(pushed(desk).at(-1)).toMatchObject({ waiting: 0, abandoned: 30, today: { abandoned: 30 } });
  expect(pushed(desk).length).toBeLessThan(30);
  desk.close();
  for (const { socket } of visitors) socket.close();
});

test('SUP-4: what changes without an event is seen by whoever looks; what does not change is not pushed again', async () => {
  const desk = await world.desk(anna);
  await desk.reply({ t: 'subscribe', feed: `figures:${tenant.queue}` });
  const { key, redis } = await ofQueue('ps');
  for (const [count, agent] of ['one', 'two'].entries()) {
    await redis.sadd(key, agent);
    await until(() => pushed(desk).at(-1)?.agentsPaused === count + 1, { timeoutMs: 15_000, what: `${count + 1} paused` });
  }
  expect(pushed(desk).map(({ agentsPaused }) => agentsPaused)).toEqual([...new Set(pushed(desk).map(({ agentsPaused }) => agentsPaused))]);
  desk.close();
});
