/** Feeds: resuming by cursor, the tail of the log, and its survival of a Redis restart. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEntry } from '../../queues/index.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines();
});
afterAll(() => world.close());

const write = (id: string, contactId: string, mid: string) =>
  world.engine.router.sendMessage(world.scope, {
    interactionId: id as never,
    mid,
    from: { role: 'customer', id: contactId as never, name: 'Eva' },
    visibility: 'everyone',
    text: mid,
    isClaim: false,
  });

test('INV-10 a resume gives exactly what came after the cursor, and a cursor of another epoch or ahead of the tail a reload', async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'manual' });
  const chat = await world.startChat(queue);
  const feed = `conversation:${chat.id}`;
  const { cursor } = (await engine.views.conversation(scope, chat.id)) ?? { cursor: { epoch: '', off: 0 } };
  for (const mid of ['message-1', 'message-2', 'message-3']) await write(chat.id, chat.contactId, mid);
  const read = await engine.feeds.read(scope, feed, { ...cursor, off: cursor.off + 1 });
  expect(read.kind === 'events' && read.events.map((event) => [event.off, JSON.parse(event.body).mid])).toEqual([
    [cursor.off + 2, 'message-2'],
    [cursor.off + 3, 'message-3'],
  ]);
  expect(await engine.feeds.read(scope, feed, { epoch: 'another', off: 1 })).toEqual({ kind: 'reload' });
  expect(await engine.feeds.read(scope, feed, { ...cursor, off: cursor.off + 99 })).toEqual({ kind: 'reload' });
});

test('INV-10 an overview is resumed only when nothing was missed, and shows what waits, best first, and what is served', async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'manual' });
  const before = await engine.views.queue(scope, queue);
  if (!before) throw new Error('no overview');
  expect(await engine.feeds.read(scope, `queue:${queue}`, before.cursor)).toMatchObject({ kind: 'events', events: [] });
  const chats = [(await world.startChat(queue)).id];
  expect(await engine.feeds.read(scope, `queue:${queue}`, before.cursor)).toEqual({ kind: 'reload' });
  // More than are read at a time.
  for (let number = 0; number < 30; number++) chats.push((await world.startChat(queue)).id);
  const agentId = await world.addAgent({ queues: [queue], capacity: 2 });
  for (const interactionId of chats.slice(0, 2))
    await engine.router.claimInteraction(scope, { interactionId, agentId, key: newId('command') });
  const after = await engine.views.queue(scope, queue);
  expect(after?.interactions.map(({ id }) => id)).toEqual([...chats.slice(2), ...chats.slice(0, 2)]);
  expect(await engine.feeds.read(scope, `queue:${queue}`, after?.cursor ?? before.cursor)).toMatchObject({ kind: 'events', events: [] });
});

test('INV-10 the tail tells every entry once and in order, over a Redis that is killed and restarted', async () => {
  const { engine, scope, redis } = world;
  const queue = await world.addQueue({ mode: 'manual' });
  const chat = await world.startChat(queue);
  const seen: LogEntry[] = [];
  let gaps = 0;
  const tail = engine.feeds.tail({ onEntry: (entry) => seen.push(entry), onGap: () => gaps++ });
  await tail.include(scope);
  const mids = Array.from({ length: 60 }, (_, index) => `tail-${String(index).padStart(4, '0')}`);
  for (const [index, mid] of mids.entries()) {
    if (index === 30) {
      await redis.kill9();
      await redis.restart();
    }
    await until(async () => (await write(chat.id, chat.contactId, mid).catch(() => ({ ok: false }))).ok, { timeoutMs: 15_000 });
  }
  const told = () => seen.filter((entry) => entry.type === 'message.sent').map((entry) => JSON.parse(entry.body).mid as string);
  await until(() => told().length >= mids.length, { timeoutMs: 10_000 });
  expect(told()).toEqual(mids);
  expect(gaps).toBe(0);
  expect(seen.every((entry) => entry.accountId === scope.accountId)).toBe(true);
  await tail.close();
});

test('API-2 a conversation hands out its earlier messages page by page', async () => {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'manual' });
  const chat = await world.startChat(queue);
  for (let count = 0; count < 120; count++) await write(chat.id, chat.contactId, `page-${String(count).padStart(4, '0')}`);
  const snapshot = await engine.views.conversation(scope, chat.id);
  expect(snapshot?.messages).toHaveLength(50);
  expect(snapshot?.hasEarlier).toBe(true);
  const earlier = await engine.views.earlierMessages(scope, chat.id, snapshot?.messages[0]?.off ?? 0, 100);
  expect(earlier?.messages).toHaveLength(71);
  expect(earlier?.hasEarlier).toBe(false);
});
