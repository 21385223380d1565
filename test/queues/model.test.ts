/** The engine against the model property: a bounded number of runs here, many more in `test/fuzz`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWorld } from '../support/invariants.ts';
import { checkModel, type ModelWorld, startModelWorld, virtualScene } from '../support/modelProperty.ts';
import { until } from '../support/services.ts';

let world: ModelWorld;
beforeAll(async () => {
  world = await startModelWorld();
});
afterAll(() => world.close());

// First: the runs below use every partition again and again and leave deadlines there.
test('INV-3 a long silence leaves no deadline behind and nothing open', async () => {
  const { engine } = world;
  const scene = await virtualScene(world);
  const chat = await scene.start(scene.queues[1] as never);
  for (const connectionId of await scene.connectionsOf(chat.id)) {
    await engine.router.detachClient(scene.scope, { interactionId: chat.id as never, connectionId });
  }
  world.virtualMs += 1_000_000;
  await until(async () => ((await engine.core.commands.run('sweepPartition', scene.scope.partition, [0])) as unknown[])[3] === 0);
  const facts = await readWorld(engine, scene.scope, { interactions: [chat.id], agents: scene.agents, queues: scene.queues });
  expect(facts.deadlines).toEqual([]);
  expect(facts.interactions.every((each) => each.state === 'closed' || each.state === 'ended')).toBe(true);
});

test('INV-1…6 hold after any command, doubled, late or out of order', () => checkModel(world, { numRuns: 100, maxSteps: 60 }), 120_000);
