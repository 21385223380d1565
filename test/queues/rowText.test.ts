/** The row that an offer's entry in the log brings along is what a read would have told just then. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogEntry, NewInteraction } from '../../queues/index.ts';
import { readRow } from '../../queues/rowText.ts';
import { newId } from '../../src/base/ids.ts';
import { startTestEngines, type TestEngines } from '../support/engines.ts';
import { until } from '../support/services.ts';

let world: TestEngines;
const offers: LogEntry[] = [];
beforeAll(async () => {
  world = await startTestEngines({ isVirtual: true });
  const tail = world.engine.feeds.tail({ onEntry: (entry) => entry.type === 'offer.made' && offers.push(entry), onGap: () => undefined });
  await tail.include(world.scope);
});
afterAll(() => world.close());

async function startAndOffer(extra: Partial<NewInteraction>): Promise<{ id: string; row: string | undefined }> {
  const { engine, scope } = world;
  const queue = await world.addQueue({ mode: 'balanced' });
  await world.addAgent({ queues: [queue], skills: { french: 7 } });
  const started = await engine.router.startInteraction(scope, { ...world.newChat(queue), ...extra });
  if (!started.ok) throw new Error(started.code);
  const { id } = started.interaction;
  const offer = await until(() => offers.find(({ body }) => body.includes(id)));
  return { id, row: offer.row };
}

test('RTE-6 an offer says in the log what a read of its interaction tells, at the beginning and when it comes back', async () => {
  const { engine, scope } = world;
  const page = JSON.stringify({ url: 'https://shop.example/', title: 'Shop' });
  const { id, row } = await startAndOffer({
    name: 'Ada',
    language: 'it',
    page,
    userAgent: 'Browser/1',
    text: 'Hello "you"',
    priority: 7,
    required: [{ skill: 'french', level: 3 }],
  });
  expect(readRow(id, row)).toEqual(await engine.views.interaction(scope, id as never));
  expect(readRow(id, row)).toMatchObject({
    state: 'offered',
    client: { name: 'Ada' },
    lastMessage: { text: 'Hello "you"' },
    priority: 7,
  });

  const first = JSON.parse(offers.at(-1)?.body ?? '{}') as { a: string; tok: string };
  await engine.router.declineOffer(scope, { interactionId: id as never, agentId: first.a as never, token: first.tok });
  const second = await until(() => offers.filter(({ body }) => body.includes(id))[1]);
  expect(readRow(id, second.row)).toEqual(await engine.views.interaction(scope, id as never));
});

// Ten more fields make an offer's row as long as one of an answer.
test.each([1, 10])('RTE-6 a text that holds the separator %i times cannot pass for other fields: the row has to be read', async (times) => {
  const { id, row } = await startAndOffer({ name: `Eve${`\x1f${newId('user')}`.repeat(times)}` });
  expect(row).toBeDefined();
  expect(readRow(id, row)).toBeUndefined();
  expect(readRow(id, undefined)).toBeUndefined();
});
