/** Phones' state in Redis when Redis restarts, and over a cluster of three. */
import { afterEach, describe, expect, test } from 'vitest';
import { createEngine, type RunningEngine } from '../../queues/index.ts';
import type { Binding, PhoneDoc } from '../../queues/phones.ts';
import type { UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { type Scene, seedScene, startTestEngines, testLog } from '../support/engines.ts';
import { startTestCluster } from '../support/redisCluster.ts';
import { until } from '../support/services.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

let cseq = 0;
const bindingOf = (phoneId: string): Binding => ({
  phoneId,
  contact: 'sip:a@192.0.2.1',
  edge: 'edge-1',
  flow: 'sip:192.0.2.1:5060;transport=udp',
  userAgent: '',
  callId: 'c',
  cseq: ++cseq,
  instance: 'i',
  expiresAt: Date.now() + 600_000,
});
const phoneOf = (accountId: string, userId: string): PhoneDoc => ({
  kind: 'phone',
  id: newId('phone'),
  accountId,
  userId,
  name: 'Phone',
  type: 'sip',
  username: newId('phone'),
  sealedHa1: 'a',
  sealedHa1Sha256: 'b',
  number: '',
  isActive: true,
});
/** What everybody does with phones, on engines that share a Redis. */
async function exercise(one: RunningEngine, two: RunningEngine, { scope, agents }: Pick<Scene, 'scope' | 'agents'>): Promise<void> {
  const agentId = agents[0] as UserId;
  const doc = phoneOf(scope.accountId, agentId);
  await one.phones.apply([{ kind: 'phone', id: doc.id, accountId: scope.accountId, version: 1, doc }]);
  expect((await two.phones.phoneByUsername(doc.username))?.doc).toEqual(doc);
  const binding = bindingOf(doc.id);
  expect((await one.phones.bind(scope, agentId, binding)).isAccepted).toBe(true);
  expect(await two.phones.bindingsOf(scope, agentId)).toEqual([binding]);
  await one.phones.announce({ kind: 'edge', host: '127.0.0.1', port: 1, load: 0, isDraining: false });
  expect((await two.phones.nodes('edge')).map(({ id }) => id)).toEqual([one.lease.nodeId]);
  await one.phones.carry([{ call: `call-of-${doc.id}`, interaction: `interaction-of-${doc.id}` }]);
  const carrier = await two.phones.carrier(`interaction-of-${doc.id}`);
  expect(carrier).toEqual({ node: one.lease.nodeId, call: `call-of-${doc.id}` });
  const served = one.phones.serve(async ({ body }) => `did ${body}`);
  const answer = await until(() =>
    two.phones.ask(carrier?.node ?? '', { id: newId('command'), call: '', body: 'it' }).catch((error: { code: string }) => {
      if (error.code === 'gone') return undefined;
      throw error;
    }),
  );
  expect(answer).toBe('did it');
  await served.close();
  expect(await two.phones.takeLapsed(10)).toEqual([]);
  expect((await two.phones.unbindFlow('edge-1', binding.flow)).map(({ binding: { phoneId } }) => phoneId)).toEqual([doc.id]);
}

describe('phones in Redis', () => {
  test('RTE-12 Redis restarts: registrations stand, letters go on, no edge counts as gone', { timeout: 60_000 }, async () => {
    const world = await startTestEngines();
    ends.push(() => world.close());
    const two = await world.another('node-b');
    const agentId = await world.addAgent({ queues: [await world.addQueue({})] });
    const phones = Array.from({ length: 20 }, () => newId('phone'));
    for (const id of phones) await world.engine.phones.bind(world.scope, agentId, { ...bindingOf(id), edge: 'node-a' });
    const say = () => world.engine.phones.announce({ kind: 'edge', host: '127.0.0.1', port: 1, load: 0, isDraining: false });
    await say();
    const served = world.engine.phones.serve(async ({ body }) => `did ${body}`);
    const ask = (body: string) => two.phones.ask('node-a', { id: newId('command'), call: '', body }, 1_000).catch(() => undefined);
    await until(() => ask('before'));
    const lapsed: unknown[] = [];
    await world.redis.kill9();
    const silentUntil = performance.now() + 6_000;
    // Nobody can say anything for longer than an edge may be silent.
    await until(
      async () => {
        lapsed.push(...(await two.phones.takeLapsed(100).catch(() => [])));
        return performance.now() > silentUntil;
      },
      { timeoutMs: 20_000, everyMs: 200 },
    );
    await world.redis.restart();
    await until(async () => {
      lapsed.push(...(await two.phones.takeLapsed(100).catch(() => [])));
      return say().then(
        () => true,
        () => false,
      );
    });
    expect(await until(() => ask('after'), { timeoutMs: 20_000 })).toBe('did after');
    lapsed.push(...(await two.phones.takeLapsed(100)));
    expect(lapsed).toEqual([]);
    for (const id of phones) expect(await two.phones.bindings(world.scope, id)).toHaveLength(1);
    await served.close();
  });

  test('RTE-4 RTE-12 the clock is set back by an hour: registrations run out in their time, and a dead edge is found silent', {
    timeout: 60_000,
  }, async () => {
    const world = await startTestEngines();
    ends.push(() => world.close());
    const { phones, core, views } = world.engine;
    const agentId = await world.addAgent({ queues: [await world.addQueue({})] });
    const say = () => phones.announce({ kind: 'edge', host: '127.0.0.1', port: 1, load: 0, isDraining: false });
    await say();
    // What it looks like after it: the partition's time, its leases and what the dead edge said last are an hour ahead of the clock.
    const ahead = Date.now() + 3_600_000;
    const base = `c:{p${world.scope.partition}}`;
    const step = core.runner.redis.multi();
    for (const [node, lease] of Object.entries(await core.runner.redis.hgetall(`${base}:nodes`)))
      step.hset(`${base}:nodes`, node, `${lease.split('|')[0]}|${ahead + 5_000}`);
    await step.hset(`${base}:meta`, 'now', ahead).exec();
    const said = (await core.runner.redis.hget('c:{dir}:nodes:edge', 'node-a'))?.replace(/^\d+/, '') ?? '';
    await core.runner.redis.hset('c:{dir}:nodes:edge', 'dead', `${ahead}${said}`);

    await phones.bind(world.scope, agentId, { ...bindingOf(newId('phone')), edge: 'node-a', expiresAt: Date.now() + 1_000 });
    const isLive = async () =>
      (await views.agent(world.scope, agentId))?.agent.devices.some((device) => device.isLive && device.id !== 'desk');
    expect(await isLive()).toBe(true);
    await until(async () => (await phones.takeLapsed(10)).length === 1, { what: 'the end of the registration' });
    expect(await isLive()).toBe(false);
    const edges = async () => {
      await say();
      return (await phones.nodes('edge')).map(({ id }) => id).join();
    };
    await until(async () => (await edges()) === 'node-a', { what: 'the dead edge being silent' });
  });

  test('RTE-12 over a cluster every key of phones is in its partition, its node’s slot or alone', { timeout: 120_000 }, async () => {
    const cluster = await startTestCluster({ hasReplicas: false });
    ends.push(() => cluster.stop());
    const open = async (nodeId: string): Promise<RunningEngine> => {
      const engine = await createEngine({ redisUrl: cluster.url, nodeId, log: testLog });
      ends.push(() => engine.close('test over'));
      return engine;
    };
    const [one, two] = [await open('node-a'), await open('node-b')];
    for (const partition of [40, 41, 42]) await exercise(one, two, await seedScene(one, partition));
  });
});
