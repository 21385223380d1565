import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../queues/index.ts';
import { startTestEngines, type TestEngines, testLog } from '../support/engines.ts';

const LIB = join(import.meta.dirname, '../../queues/scripts/lib');
const part = (name: string): string =>
  readFileSync(join(LIB, `${name}.lua`), 'utf8').replace(/^-- @include (\w+)$/gm, (_, included: string) => part(included));

/** The counting functions alone, called by name: `countAnswered i q ms`. */
const COUNT = `${part('clock')}
local function number(text) return tonumber(text or '0') or 0 end
${part('stats')}
call('HSET', B .. ':meta', 'now', now)
local f = ({ countEntered = countEntered, countAnswered = countAnswered, countAbandoned = countAbandoned, countHandled = countHandled })[ARGV[1]]
if f then f(ARGV[2], ARGV[3], tonumber(ARGV[5])) else trackAgent(ARGV[2], ARGV[3] == '1', ARGV[5] == '1') end
`;

let world: TestEngines;
let now = 1_800_000_000_000;
beforeAll(async () => {
  world = await startTestEngines();
});
afterAll(() => world.close());

test('RTE-9: smoke', async () => {
  const engine = await createEngine({ redisUrl: world.redis.url, nodeId: 'virtual', log: testLog, virtualNow: () => now });
  const q = await world.addQueue({ mode: 'balanced', isAutoAccepted: true });
  const redis = engine.core.runner.redis;
  const B = 'c:{p7}';
  await redis.hset(`${B}:meta`, 'virtual', 1);
  const count = (name: string, i: string, q: string, ms: number | string = '') => redis.eval(COUNT, 1, B, name, i, q, now, ms);
  await count('countEntered', 'x', q);
  await count('countAnswered', 'x', q, 3000);
  console.log(await engine.views.figures(world.scope, q));
  now += 60000;
  await count('countHandled', 'x', q, 60000);
  await count('track', 'x', '1', '1');
  now += 14 * 60000;
  console.log(await engine.views.figures(world.scope, q));
  now += 60000;
  console.log(await engine.views.figures(world.scope, q));
  expect(1).toBe(1);
  await engine.close('over');
});
