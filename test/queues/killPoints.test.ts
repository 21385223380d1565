/** Kill points around a script: cut before it runs, cut after it ran and before its answer. Executed twice must equal once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import { newId } from '../../src/base/ids.ts';
import { type CutProxy, seeded, startCutProxy } from '../support/cutProxy.ts';
import { type Scene, seedScene, testLog } from '../support/engines.ts';
import { readWorld, violations } from '../support/invariants.ts';
import { startTestRedis, type TestRedis } from '../support/services.ts';

const SEED = Number(process.env['SEED'] ?? 20_261_121);

let redis: TestRedis;
let proxy: CutProxy;
let direct: RunningEngine;
let cut: RunningEngine;

beforeAll(async () => {
  redis = await startTestRedis();
  proxy = await startCutProxy(redis.url, SEED);
  direct = await createEngine({ redisUrl: redis.url, nodeId: 'direct', log: testLog });
  cut = await createEngine({ redisUrl: proxy.url, nodeId: 'cut', log: testLog });
});
afterAll(async () => {
  proxy.setChance(0);
  await cut.close('test over');
  await direct.close('test over');
  await proxy.close();
  await redis.stop();
});

test('INV-7 every message that was acknowledged stands once, every refused or failed one at most once, with connections cut around scripts', async () => {
  const scene = await seedScene(direct, 5);
  proxy.setChance(0.3);
  const lives = await Promise.all(Array.from({ length: 8 }, (_, index) => live(scene, SEED + index)));
  proxy.setChance(0);
  expect(proxy.cuts.beforeScript, `seed ${SEED}`).toBeGreaterThanOrEqual(20);
  expect(proxy.cuts.beforeReply, `seed ${SEED}`).toBeGreaterThanOrEqual(20);

  for (const { id, told, tried } of lives) {
    const stored = await allMids(scene, id);
    expect(new Set(stored).size, 'no message stands twice').toBe(stored.length);
    expect(
      stored.filter((mid) => told.includes(mid)),
      'what was told stands, in the order it was sent',
    ).toEqual(told);
    for (const mid of stored) expect(tried).toContain(mid);
  }
  const world = await readWorld(direct, scene.scope, {
    interactions: lives.map(({ id }) => id),
    agents: scene.agents,
    queues: scene.queues,
  });
  expect(violations(world), `seed ${SEED}`).toEqual([]);
}, 60_000);

/** One conversation through the cut connection: start, 120 messages of the client, claims and ends in between by chance. */
async function live(scene: Scene, seed: number): Promise<{ id: string; told: string[]; tried: string[] }> {
  const random = seeded(seed);
  const { scope } = scene;
  const chat = scene.newChat(scene.queues[Math.floor(random() * 3)] as never);
  const started = await persist(() => cut.router.startInteraction(scope, chat));
  if (!started.ok) throw new Error(started.code);
  const interactionId = started.interaction.id as never;
  const told: string[] = [chat.key];
  const tried: string[] = [chat.key];
  for (let count = 0; count < 120; count++) {
    const mid = `mid-${String(count).padStart(6, '0')}`;
    tried.push(mid);
    const sent = await persist(() =>
      cut.router.sendMessage(scope, {
        interactionId,
        mid,
        from: { role: 'customer', id: chat.contactId, name: 'C' },
        visibility: 'everyone',
        text: mid,
        isClaim: false,
      }),
    );
    if (sent.ok) told.push(mid);
    const agentId = scene.agents[Math.floor(random() * scene.agents.length)] as never;
    const key = newId('command');
    if (random() < 0.2) await persist(() => cut.router.claimInteraction(scope, { interactionId, agentId, key }));
    if (random() < 0.05) await persist(() => cut.router.pause(scope, { agentId, reason: 'tea', key }));
    if (random() < 0.1) await persist(() => cut.router.resume(scope, { agentId, key }));
  }
  return { id: started.interaction.id, told, tried };
}

/** The sender's ids of all messages of a conversation, oldest first. */
async function allMids(scene: Scene, id: string): Promise<string[]> {
  const all: string[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  for (let more = true; more; ) {
    const read = await direct.views.earlierMessages(scene.scope, id as never, before, 100);
    all.unshift(...(read?.messages.map((message) => message.mid) ?? []));
    before = read?.messages[0]?.off ?? 0;
    more = read?.hasEarlier ?? false;
  }
  return all;
}

/** What a client does: the same command with the same ids until it is answered. */
async function persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (attempt > 20 || (code !== 'unavailable' && code !== 'fenced')) throw error;
    }
  }
}

test('INV-7 Redis killed and restarted while conversations run loses nothing that was acknowledged', async () => {
  const scene = await seedScene(direct, 9);
  const chat = await scene.start(scene.queues[0] as never);
  const told: string[] = [];
  let isKilled = false;
  for (let count = 0; count < 200; count++) {
    if (count === 100) {
      await redis.kill9();
      isKilled = true;
      void redis.restart();
    }
    const mid = `kill-${String(count).padStart(6, '0')}`;
    const sent = await persist(() =>
      direct.router.sendMessage(scene.scope, {
        interactionId: chat.id as never,
        mid,
        from: { role: 'customer', id: chat.contactId as never, name: 'C' },
        visibility: 'everyone',
        text: mid,
        isClaim: false,
      }),
    );
    if (sent.ok) told.push(mid);
  }
  expect(isKilled).toBe(true);
  expect(told).toHaveLength(200);
  const all = await allMids(scene, chat.id);
  expect(all.slice(1)).toEqual(told);
});
