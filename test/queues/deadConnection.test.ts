/** Connections that died without being closed, as when a host vanishes or a firewall forgets: they are replaced, not waited for. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { type CutProxy, startCutProxy } from '../support/cutProxy.ts';
import { type Scene, seedScene, testLog } from '../support/engines.ts';
import { startTestRedis, type TestRedis, until } from '../support/services.ts';

let redis: TestRedis;
let proxy: CutProxy;
let direct: RunningEngine;
let remote: RunningEngine;
let scene: Scene;

beforeAll(async () => {
  redis = await startTestRedis();
  proxy = await startCutProxy(redis.url, 1);
  direct = await createEngine({ redisUrl: redis.url, nodeId: 'direct', log: testLog });
  remote = await createEngine({ redisUrl: proxy.url, nodeId: 'remote', log: testLog });
  scene = await seedScene(direct, 3);
});
afterAll(async () => {
  await remote.close('test over');
  await direct.close('test over');
  await proxy.close();
  await redis.stop();
});

test('RTE-12 INV-10 commands and the tail go on over a new connection, and no entry is missed', { timeout: 60_000 }, async () => {
  const told: string[] = [];
  const tail = remote.feeds.tail({ onEntry: (entry) => told.push(entry.type), onGap: () => told.push('gap') });
  await tail.include(scene.scope);
  const chat = await scene.start(scene.queues[0] as never);
  await until(() => told.includes('message.sent'));
  proxy.freeze();
  const message = (text: string) => ({
    interactionId: chat.id as never,
    mid: text,
    from: { role: 'customer' as const, id: chat.contactId as never, name: 'C' },
    visibility: 'everyone',
    text,
    isClaim: false,
  });
  await direct.router.sendMessage(scene.scope, message('while-frozen-1'));
  const sent = await until(
    () =>
      remote.router.sendMessage(scene.scope, message('after-frozen-1')).then(
        (outcome) => outcome.ok,
        () => false,
      ),
    { timeoutMs: 20_000, what: 'a command over a new connection' },
  );
  expect(sent).toBe(true);
  await until(() => told.filter((type) => type === 'message.sent').length === 3, {
    timeoutMs: 20_000,
    what: 'the entries written meanwhile',
  });
  expect(told).not.toContain('gap');
  await tail.close();
});
