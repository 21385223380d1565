/** BEY-4, API-4: how long people waited and how far the estimates were off, as the worker's metrics tell it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/base/ids.ts';
import { type Projected, startProjected } from './projected.ts';

let stage: Projected;
beforeAll(async () => {
  stage = await startProjected();
});
afterAll(() => stage.close());

async function count(name: string): Promise<number> {
  const text = await stage.registry.metrics();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

test('BEY-4: answers, their estimates and who gave up are counted once, however often the log is read', async () => {
  const { world, projector, entries } = stage;
  const { router } = world.engine;
  const queue = await world.addQueue({ mode: 'manual' });
  // Nobody is signed in yet: for the first nothing can be estimated.
  const early = await world.startChat(queue);
  const agentId = await world.addAgent({ queues: [queue], capacity: 10 });
  const later = await world.startChat(queue);
  for (const { id } of [early, later]) await router.claimInteraction(world.scope, { interactionId: id, agentId, key: newId('command') });
  const gone = await world.startChat(queue);
  await router.endInteraction(world.scope, { interactionId: gone.id, by: 'client', memberId: gone.contactId, isSupervisor: false });
  await stage.caughtUp();
  const totals = async () => [
    await count('centralino_wait_seconds_count'),
    await count('centralino_wait_estimate_error_seconds_count'),
    await count('centralino_abandoned_total'),
  ];
  expect(await totals()).toEqual([2, 1, 1]);
  await projector.apply(world.scope.partition, [...entries]);
  expect(await totals()).toEqual([2, 1, 1]);
  const events = await stage.rows<{ body: { w?: number; ew?: number } }>(
    `select body from event where type = 'interaction.taken' order by at`,
  );
  expect(events.map(({ body }) => [typeof body.w, typeof body.ew])).toEqual([
    ['number', 'undefined'],
    ['number', 'number'],
  ]);
});
