/** Rate counters share their connection with everything else that the engine asks. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestEngines, type TestEngines } from '../support/engines.ts';

let world: TestEngines;
beforeAll(async () => {
  world = await startTestEngines();
});
afterAll(() => world.close());

test('RTE-12 what is asked in one turn with the first count of a limit gets its own answer, not another’s', async () => {
  const { scope } = world;
  const { shelf, rates } = await world.another('node-of-rates');
  for (let round = 0; round < 5; round++) {
    await shelf.put(scope, 'a', `a${round}`, 60_000);
    await shelf.put(scope, 'b', `b${round}`, 60_000);
    const [a, taken, b, nothing] = await Promise.all([
      shelf.get(scope, 'a'),
      rates.take(`key${round}`, 10 + round, 60),
      shelf.get(scope, 'b'),
      shelf.get(scope, 'nothing'),
    ]);
    expect([a, b, nothing]).toEqual([`a${round}`, `b${round}`, undefined]);
    expect(taken).toEqual({ isAllowed: true, retryAfterSec: 0 });
  }
});
