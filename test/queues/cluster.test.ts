/** The engine over a Redis Cluster of three nodes with replicas: partitions by hash tag, slots that move, a node that dies. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { LogEntry } from '../../queues/engine.ts';
import { createEngine, type RoutingWorkers, type RunningEngine, startRoutingWorkers } from '../../queues/index.ts';
import type { ContactId, InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { infoField } from '../../src/supervisor/redisProbe.ts';
import { type Scene, seedScene, testLog } from '../support/engines.ts';
import { sceneShape, singleStep } from '../support/model/steps.ts';
import { checkModel, startLanes } from '../support/modelProperty.ts';
import { startTestCluster, type TestCluster } from '../support/redisCluster.ts';
import { until } from '../support/services.ts';

/** On all three nodes, and none that the model's virtual time has moved. */
const PARTITIONS = [40, 41, 42, 43, 44, 45];
const WRAP_UP_MS = 1_500;

let cluster: TestCluster;
let engines: RunningEngine[] = [];
let workers: RoutingWorkers | undefined;
beforeAll(async () => {
  cluster = await startTestCluster({ hasReplicas: true });
}, 60_000);
afterEach(async () => {
  await workers?.close();
  workers = undefined;
  await Promise.all(engines.map((engine) => engine.close('test over')));
  engines = [];
});
afterAll(() => cluster.stop());

async function newEngine(nodeId: string): Promise<RunningEngine> {
  const engine = await createEngine({ redisUrl: cluster.url, nodeId, log: testLog });
  engines.push(engine);
  return engine;
}

/** Entries of the logs as a reader of that engine is told them; a gap shows as an entry of that type. */
function follow(engine: RunningEngine) {
  const told: { partition: number; type: string; i?: string; mid?: string; how?: string }[] = [];
  const onEntry = ({ partition, type, body }: LogEntry) => told.push({ ...JSON.parse(body), partition, type });
  const tail = engine.feeds.tail({ onEntry, onGap: () => told.push({ partition: -1, type: 'gap' }) });
  return { told, include: (scene: Scene) => tail.include(scene.scope) };
}

function message(chat: { id: string; contactId: string }, mid: string) {
  const from = { role: 'customer' as const, id: chat.contactId as ContactId, name: 'Eva' };
  return { interactionId: chat.id as InteractionId, mid, from, visibility: 'everyone', text: mid, isClaim: false };
}

/** What a client does: the same command with the same ids until it is answered. */
async function persist<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  return (
    await until(
      () =>
        call().then(
          (answer) => ({ answer }),
          (error: { code?: string }) => {
            if (error.code !== 'unavailable' && error.code !== 'fenced') throw error;
            return undefined;
          },
        ),
      { timeoutMs: 30_000, what: 'an answer' },
    )
  ).answer;
}

async function say(engine: RunningEngine, scene: Scene, chat: { id: string; contactId: string }, mids: readonly string[]): Promise<void> {
  for (const mid of mids)
    expect(await persist(() => engine.router.sendMessage(scene.scope, message(chat, mid)))).toMatchObject({ ok: true });
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${String(index).padStart(6, '0')}`);

async function storedMids(engine: RunningEngine, scene: Scene, id: string): Promise<string[]> {
  const read = await engine.views.earlierMessages(scene.scope, id as InteractionId, Number.MAX_SAFE_INTEGER, 200);
  return read?.messages.map(({ mid }) => mid) ?? [];
}

test('RTE-12 INV-1…6 the model holds over three nodes', { timeout: 180_000 }, async () => {
  const { lanes, close } = await startLanes({ lanes: 4, nodes: ['present', 'present'], redisUrl: cluster.url });
  const owners = await Promise.all(lanes.map(({ base }) => cluster.ownerOf(base)));
  expect(new Set(owners).size, 'a lane on each node').toBe(3);
  const played = await checkModel(lanes, {
    scene: sceneShape,
    step: singleStep,
    numRuns: 60,
    seed: 20_261_121,
    maxSteps: 30,
    isJudgingEvents: true,
  });
  expect(played.sequences).toBe(60);
  expect(played.accepted, JSON.stringify(played)).toBeGreaterThan(60);
  await close();
});

test('RTE-12 whole conversations in partitions on all nodes: readers, timers, sessions, signals and rates as on one server', {
  timeout: 60_000,
}, async () => {
  const [desk, page, worker] = [await newEngine('desk'), await newEngine('page'), await newEngine('worker')];
  const history: LogEntry[] = [];
  const sink = {
    name: 'history',
    position: async () => undefined,
    apply: async (_: number, some: readonly LogEntry[]) => void history.push(...some),
  };
  workers = await startRoutingWorkers(worker, { log: testLog, sinks: [sink], logBudgetBytes: 100_000_000 });
  const { told, include } = follow(desk);
  const owners = await Promise.all(PARTITIONS.map((partition) => cluster.ownerOf(`c:{p${partition}}`)));
  expect(new Set(owners.map(({ port }) => port)).size).toBe(3);

  async function live(partition: number): Promise<string> {
    const scene = await seedScene(desk, partition);
    const { scope } = scene;
    const queue = scene.queues[1] as QueueId;
    const doc = await desk.config.queue(scope, queue);
    if (!doc) throw new Error('the queue is gone');
    const changed = { ...doc, wrapUpMs: WRAP_UP_MS };
    await desk.config.apply([{ kind: 'queue', id: queue, accountId: scope.accountId, version: 2, doc: changed }]);
    expect(await page.config.scopeOf(scope.accountId)).toEqual(scope);
    await include(scene);
    const chat = await scene.start(queue);
    const isTold = (type: string) => until(() => told.find((each) => each.i === chat.id && each.type === type), { what: type });
    await isTold('offer.made');
    const views = await Promise.all(scene.agents.map((agentId) => page.views.agent(scope, agentId as UserId)));
    const offers = views.flatMap((view) => view?.offers.map(({ token }) => ({ token, agentId: view.agent.id as UserId })) ?? []);
    expect(offers).toHaveLength(1);
    const { token, agentId } = offers[0] as (typeof offers)[number];
    const interactionId = chat.id as InteractionId;
    expect(await page.router.acceptOffer(scope, { interactionId, agentId, token })).toMatchObject({ ok: true });
    await say(page, scene, chat, numbered('mid', 20));
    const close = { interactionId, agentId, outcome: '', note: '', key: newId('command'), isSupervisor: false };
    expect(await desk.router.closeInteraction(scope, close)).toMatchObject({ ok: true });
    const end = await until(() => told.find((each) => each.i === chat.id && each.type === 'wrapup.ended'), {
      timeoutMs: 10_000,
      what: 'the end of the wrap-up by its knock',
    });
    expect(end.how).toBe('time');
    return chat.id;
  }
  const ids = await Promise.all(PARTITIONS.map(live));
  expect(workers.figures).toMatchObject({ lostKnocks: 0, repairs: 0 });
  for (const id of ids) {
    const toldOf = told.filter(({ i }) => i === id);
    const historyOf = () => history.map(({ type, body }) => ({ ...JSON.parse(body), type })).filter(({ i }) => i === id);
    await until(() => historyOf().length >= toldOf.length, { what: 'the durable reader' });
    expect(historyOf().map(({ type }) => type)).toEqual(toldOf.map(({ type }) => type));
    expect(
      toldOf
        .filter(({ type }) => type === 'message.sent')
        .slice(1)
        .map(({ mid }) => mid),
    ).toEqual(numbered('mid', 20));
  }

  const scope = { accountId: newId('account'), partition: 3 };
  const { token } = await desk.sessions.create(scope, {
    userId: newId('user'),
    ip: '::1',
    userAgent: 'test',
    stage: 'full',
    principal: '',
    ttlMs: 60_000,
  });
  expect((await page.sessions.find(token))?.scope).toEqual(scope);
  expect(await desk.shelf.keep(scope, 'once', 'first', 60_000)).toEqual({ value: 'first', isNew: true });
  expect(await page.shelf.keep(scope, 'once', 'second', 60_000)).toEqual({ value: 'first', isNew: false });
  expect(await desk.rates.take('somebody', 1, 60)).toMatchObject({ isAllowed: true });
  expect(await page.rates.take('somebody', 1, 60)).toMatchObject({ isAllowed: false });
  const heard: string[] = [];
  const signals = page.signals.follow((topic, payload) => heard.push(`${topic} ${payload}`));
  await until(() => {
    desk.signals.publish(scope, 'typing', 'x');
    return heard.includes('typing x');
  });
  await signals.close();
});

test('RTE-12 INV-7 INV-10 a partition that moves to another node while it is used loses, doubles and hides nothing', {
  timeout: 90_000,
}, async () => {
  const [writer, reader] = [await newEngine('writer'), await newEngine('reader')];
  const scene = await seedScene(writer, 50);
  const { told, include } = follow(reader);
  await include(scene);
  const chat = await scene.start(scene.queues[0] as never);
  const from = await cluster.ownerOf('c:{p50}');
  const to = cluster.masters.find((node) => node !== from) ?? from;
  const [before, during, after] = [numbered('before', 30), numbered('during', 60), numbered('after', 30)];
  await say(writer, scene, chat, before);
  await Promise.all([say(writer, scene, chat, during), cluster.moveSlot('c:{p50}', to)]);
  expect((await cluster.ownerOf('c:{p50}')).port).toBe(to.port);
  await say(writer, scene, chat, after);
  const all = [...before, ...during, ...after];
  expect((await storedMids(writer, scene, chat.id)).slice(1)).toEqual(all);
  const heard = () => told.flatMap(({ mid }) => mid ?? []).slice(1);
  await until(() => heard().length >= all.length, { timeoutMs: 20_000, what: 'all messages at the reader' });
  expect(heard()).toEqual(all);
  expect(told.map(({ type }) => type)).not.toContain('gap');
});

test('RTE-12 a node that dies is replaced by its replica: its partitions go on within seconds, the others meanwhile', {
  timeout: 90_000,
}, async () => {
  const [writer, reader] = [await newEngine('writer-2'), await newEngine('reader-2')];
  const owner = await cluster.ownerOf('c:{p55}');
  const elsewhere = (
    await Promise.all(PARTITIONS.map(async (partition) => ({ partition, node: await cluster.ownerOf(`c:{p${partition}}`) })))
  ).find(({ node }) => node !== owner);
  const [scene, other] = [await seedScene(writer, 55), await seedScene(writer, elsewhere?.partition ?? 0)];
  const { told, include } = follow(reader);
  await Promise.all([include(scene), include(other)]);
  const [chat, otherChat] = [await scene.start(scene.queues[0] as never), await other.start(other.queues[0] as never)];
  const [before, after] = [numbered('before', 30), numbered('after', 30)];
  await say(writer, scene, chat, before);
  // What a replica was not sent before its master's death is lost to it: replication is not awaited.
  const replica = cluster.replicas[cluster.masters.indexOf(owner)];
  const offset = async (node: typeof owner | undefined, field: string) => infoField(await node?.ask('INFO', 'replication'), field);
  await until(async () => (await offset(owner, 'master_repl_offset')) === (await offset(replica, 'slave_repl_offset')));

  await owner.kill9();
  let isBack = false;
  const going = say(writer, scene, chat, after).then(() => {
    isBack = true;
  });
  let others = 0;
  while (!isBack) {
    expect(await writer.router.sendMessage(other.scope, message(otherChat, `other-${String(others++).padStart(6, '0')}`))).toMatchObject({
      ok: true,
    });
  }
  await going;
  expect(others).toBeGreaterThan(30);
  await until(async () => (await cluster.ownerOf('c:{p55}')) === replica, { what: 'the replica known as owner' });
  expect((await storedMids(writer, scene, chat.id)).slice(1)).toEqual([...before, ...after]);
  const heard = () => told.flatMap(({ partition, mid }) => (partition === 55 && mid ? [mid] : [])).slice(1);
  await until(() => heard().length >= 60, { timeoutMs: 20_000, what: 'all messages at the reader' });
  expect(heard()).toEqual([...before, ...after]);
  expect(told.map(({ type }) => type)).not.toContain('gap');
});
