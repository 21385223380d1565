/** BEY-2: a recording of everything that routing knows (skills, relaxation, media, ringing, recipes, sticky agents, many agents) replays to an equal state. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentDoc, agentDefaults, type QueueDoc, queueDefaults } from '../../queues/config.ts';
import type { RoutingWorkers, RunningEngine, Scope } from '../../queues/index.ts';
import { createEngine, startRoutingWorkers } from '../../queues/index.ts';
import {
  canonicalState,
  differences,
  openScratch,
  putRecordedEnd,
  readCommands,
  replayRecording,
  startRecording,
} from '../../queues/replay/index.ts';
import { type ContactId, type GroupId, type InteractionId, newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { Chance } from '../actors/chance.ts';
import { testLog } from '../support/engines.ts';
import { startTestRedis, type TestRedis, until } from '../support/services.ts';

const PARTITION = 3;
const MANY = 140;
const folder = mkdtempSync(join(tmpdir(), 'centralino-recordings-'));
let redis: TestRedis;
let scratch: TestRedis;
let engine: RunningEngine;
let workers: RoutingWorkers;
let version = 0;
const scope: Scope = { accountId: newId('account'), partition: PARTITION };

beforeAll(async () => {
  [redis, scratch] = await Promise.all([startTestRedis(), startTestRedis()]);
  engine = await createEngine({ redisUrl: redis.url, nodeId: 'recorded', log: testLog });
  await engine.config.place(scope.accountId, PARTITION);
  workers = await startRoutingWorkers(engine, { log: testLog, sinks: [], logBudgetBytes: 512_000_000 });
});
afterAll(async () => {
  await workers.close();
  await engine.close('test over');
  await Promise.all([redis.stop(), scratch.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function addQueue(settings: Partial<QueueDoc>): Promise<QueueId> {
  const id = newId('queue');
  const { accountId } = scope;
  const doc: QueueDoc = {
    kind: 'queue',
    id,
    accountId,
    name: settings.mode ?? '',
    ...queueDefaults,
    outcomes: [],
    offerTimeoutMs: 1_000,
    ...settings,
  };
  await engine.config.apply([{ kind: 'queue', id, accountId, version: ++version, doc }]);
  return id;
}

async function hire(queues: readonly QueueId[], settings: Partial<AgentDoc>): Promise<UserId> {
  const id = newId('user');
  const { accountId } = scope;
  const doc: AgentDoc = { kind: 'agent', id, accountId, name: `Agent ${version}`, ...agentDefaults, ...settings, queues: [...queues] };
  await engine.config.apply([{ kind: 'agent', id, accountId, version: ++version, doc }]);
  await engine.router.attachDevice(scope, { agentId: id, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${id}` });
  await engine.router.signIn(scope, { agentId: id, key: newId('command') });
  return id;
}

/** One random act of a client or an agent, whatever comes of it. */
async function act(chance: Chance, queues: readonly QueueId[], agents: readonly UserId[], contacts: readonly ContactId[]): Promise<void> {
  const { router, views } = engine;
  const agentId = chance.pick(agents);
  const key = newId('command');
  const what = chance.pick([
    'start',
    'start',
    'accept',
    'accept',
    'accept',
    'decline',
    'close',
    'close',
    'endWrapUp',
    'pause',
    'resume',
    'prioritize',
    'device',
  ]);
  const held = await views.agent(scope, agentId);
  const offer = held?.offers[0];
  const own = held?.interactions.find(({ state }) => state === 'served');
  switch (what) {
    case 'start':
      await router.startInteraction(scope, {
        ...{
          queueId: chance.pick(queues),
          groupId: newId('group') as GroupId,
          contactId: chance.pick(contacts),
          key,
          name: 'Eva',
          email: '',
        },
        ...{
          language: 'en',
          page: '',
          userAgent: 'test',
          text: chance.pick(['Hello', '']),
          connectionId: chance.pick([newId('connection'), '']),
        },
        ...{ medium: chance.pick(['chat', 'voice', 'video'] as const), priority: chance.pick([0, 0, 5]) },
        required: chance.pick([[], [{ skill: 'french', level: 4 }], [{ skill: 'law', level: 2 }]]),
        preferred: chance.pick([[], [{ skill: 'law', level: 1 }]]),
      });
      return;
    case 'accept':
    case 'decline':
      if (offer) {
        const answer = { interactionId: offer.interaction as InteractionId, agentId, token: offer.token };
        await router[what === 'accept' ? 'acceptOffer' : 'declineOffer'](scope, answer);
      }
      return;
    case 'close':
      if (own)
        await router.closeInteraction(scope, {
          interactionId: own.id as InteractionId,
          agentId,
          outcome: '',
          note: '',
          key,
          isSupervisor: false,
        });
      return;
    case 'endWrapUp':
      for (const { interaction } of held?.agent.wrapUps ?? [])
        await router.endWrapUp(scope, { interactionId: interaction as InteractionId, agentId, isSupervisor: true });
      return;
    case 'pause':
      await router.pause(scope, {
        agentId,
        reason: 'lunch',
        key,
        ...(chance.pick([true, false]) ? { queues: [chance.pick(queues)] } : {}),
      });
      return;
    case 'resume':
      await router.resume(scope, { agentId, key });
      return;
    case 'prioritize':
      if (own) await router.prioritizeInteraction(scope, { interactionId: own.id as InteractionId, priority: 7 });
      return;
    default:
      await router.detachDevice(scope, { agentId, deviceId: 'desk', connectionId: `desk-${agentId}` });
      await router.attachDevice(scope, { agentId, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${agentId}` });
  }
}

test('BEY-2 all that routing knows, recorded on the real clock, replays to an equal state', async () => {
  const { accountId } = scope;
  const account = { kind: 'account' as const, id: accountId, name: 'Replayed', isActive: true, origins: [] };
  await engine.config.apply([{ kind: 'account', id: accountId, accountId, version: ++version, doc: account }]);
  const last = await addQueue({ mode: 'longest_idle', stickyWaitMs: 500 });
  const queues = [
    last,
    await addQueue({ mode: 'ring_all', ringMax: 3 }),
    await addQueue({ mode: 'skills', required: [{ skill: 'french', level: 9 }], relaxation: [{ afterSec: 1, lowerBy: 6 }] }),
    await addQueue({
      mode: 'linear',
      channel: 'voice',
      recipe: [{ afterSec: 1, onlyIf: 'always', do: { op: 'queue', queueId: last } }],
      maxMissed: 1,
    }),
    await addQueue({ mode: 'round_robin', isAutoAccepted: true, wrapUpMs: 300 }),
    await addQueue({ mode: 'random', limitPerAgent: 1 }),
    await addQueue({ mode: 'fewest_calls', wrapUpMs: 200, recipe: [{ afterSec: 1, onlyIf: 'always', do: { op: 'priority', by: 3 } }] }),
  ];
  const crowd = await addQueue({ mode: 'balanced' });
  const agents: UserId[] = [];
  for (const [index, level] of [9, 4, 3, 0, 6].entries()) {
    const skills = level > 0 ? { french: level, law: index + 1 } : {};
    agents.push(await hire(queues, { capacity: 2, skills, interrupts: ['voice>chat'], order: { [queues[3] as string]: 9 - index } }));
  }
  const chance = new Chance(11);
  const contacts = Array.from({ length: 6 }, () => newId('contact'));
  for (let count = 0; count < 60; count++) await act(chance, queues, agents, contacts);

  const recording = await startRecording({
    core: engine.core,
    partition: PARTITION,
    name: 'all',
    folder: join(folder, 'all'),
    log: testLog,
  });
  // So many that Redis keeps them without an order of its own.
  for (let count = 0; count < MANY; count++) await hire([crowd], { capacity: 1 });
  await recording.started;
  for (let count = 0; count < 250; count++) await act(chance, queues, agents, contacts);
  // Its settings change: all of its agents are gone through, a part at a time, by a deadline.
  await engine.config.apply([
    {
      kind: 'queue',
      id: crowd,
      accountId,
      version: ++version,
      doc: { kind: 'queue', id: crowd, accountId, name: 'Crowd', ...queueDefaults, mode: 'random' },
    },
  ]);
  for (let count = 0; count < 100; count++) await act(chance, queues, agents, contacts);
  await until(
    async () => (await engine.core.runner.redis.zrange(`c:{p${PARTITION}}:due:knock`, 0, -1)).every((each) => !each.startsWith('refresh')),
    {
      timeoutMs: 15_000,
    },
  );
  recording.stop();
  expect(await recording.ended).toMatchObject({ isComplete: true });

  const used = new Set<string>();
  for await (const command of readCommands(join(folder, 'all'))) if ('script' in command) used.add(command.script);
  expect([...used]).toEqual(expect.arrayContaining(['applyConfig', 'startInteraction', 'acceptOffer', 'fireDue', 'sweepPartition']));
  const databases = await openScratch(scratch.url, testLog);
  const { base } = await replayRecording({ folder: join(folder, 'all'), redis: databases.replay });
  await putRecordedEnd(join(folder, 'all'), databases.end);
  expect(await differences(canonicalState(databases.end, base), canonicalState(databases.replay, base))).toEqual([]);
  databases.close();
}, 120_000);
