/** Engines on a real Redis of their own, with shortcuts to set a scene: queues, agents who are signed in on a live device, chats. */

import { dropClaims } from '../../queues/claims.ts';
import { isRefused } from '../../queues/commands.ts';
import { type AccountDoc, type AgentDoc, agentDefaults, type QueueDoc, queueDefaults } from '../../queues/config.ts';
import { createEngine, type NewInteraction, type RunningEngine, type Scope } from '../../queues/index.ts';
import type { ContactId, GroupId, InteractionId, QueueId, UserId } from '../../src/base/ids.ts';
import { newId } from '../../src/base/ids.ts';
import { createLogger } from '../../src/base/log.ts';
import { startTestRedis, type TestRedis } from './services.ts';

export interface TestEngines {
  readonly redis: TestRedis;
  readonly engine: RunningEngine;
  readonly scope: Scope;
  /** One more process's engine on the same Redis. */
  another(nodeId: string): Promise<RunningEngine>;
  addQueue(settings: Partial<QueueDoc>): Promise<QueueId>;
  addAgent(settings: Partial<AgentDoc> & { queues: readonly string[] }): Promise<UserId>;
  /** Replaces the settings: what is not given gets its default. */
  changeQueue(id: QueueId, settings: Partial<QueueDoc>): Promise<void>;
  deleteQueue(id: QueueId): Promise<void>;
  changeAgent(id: UserId, settings: Partial<AgentDoc> & { queues: readonly string[] }): Promise<void>;
  changeAccount(settings: Partial<AccountDoc>): Promise<void>;
  newChat(queue: QueueId, text?: string): NewInteraction;
  startChat(queue: QueueId): Promise<{ id: InteractionId; contactId: ContactId }>;
  /** Virtual time: what it is, and going on by so much, firing every deadline at its time. */
  now(): number;
  advance(ms: number): Promise<void>;
  /** Makes a node's lease lapse, as if its process had been stopped. */
  expireLease(nodeId: string): Promise<void>;
  /** What the worker does with a node whose lease lapsed. */
  dropNode(nodeId: string, epoch: string): Promise<void>;
  close(): Promise<void>;
}

export const testLog = createLogger('test', process.env['TEST_LOG'] ?? 'silent');

/** `isVirtual`: the partition's time is the test's own and stands still between `advance`s. */
export async function startTestEngines({
  partition = 7,
  isVirtual = false,
}: {
  readonly partition?: number;
  readonly isVirtual?: boolean;
} = {}): Promise<TestEngines> {
  const redis = await startTestRedis();
  const engines: RunningEngine[] = [];
  let virtualMs = Date.UTC(2026, 0, 5, 9);
  async function another(nodeId: string): Promise<RunningEngine> {
    const clock = isVirtual ? { virtualNow: () => virtualMs } : {};
    const engine = await createEngine({ redisUrl: redis.url, nodeId, log: testLog, ...clock });
    engines.push(engine);
    return engine;
  }
  const engine = await another('node-a');
  if (isVirtual) await engine.core.runner.redis.hset(`c:{p${partition}}:meta`, 'virtual', '1');
  const accountId = newId('account');
  const scope: Scope = { accountId, partition };
  let version = 0;
  await engine.config.place(accountId, partition);
  await engine.config.apply([
    {
      kind: 'account',
      id: accountId,
      accountId,
      version: ++version,
      doc: { kind: 'account', id: accountId, name: 'Test', isActive: true, origins: [] },
    },
  ]);

  function newChat(queue: QueueId, text = 'Hello, is anybody there?'): NewInteraction {
    return {
      queueId: queue,
      groupId: newId('group') as GroupId,
      contactId: newId('contact'),
      key: newId('command'),
      name: 'Eva',
      email: '',
      language: 'en',
      page: '',
      userAgent: 'test',
      text,
      connectionId: newId('connection'),
    };
  }

  async function changeQueue(id: QueueId, settings: Partial<QueueDoc>): Promise<void> {
    const doc: QueueDoc = { kind: 'queue', id, accountId, name: `Queue ${version}`, ...queueDefaults, outcomes: [], ...settings };
    await engine.config.apply([{ kind: 'queue', id, accountId, version: ++version, doc }]);
  }
  async function changeAgent(id: UserId, settings: Partial<AgentDoc> & { queues: readonly string[] }): Promise<void> {
    const named = { kind: 'agent' as const, id, accountId, name: `Agent ${version}` };
    const doc: AgentDoc = { ...named, ...agentDefaults, ...settings, queues: [...settings.queues] };
    await engine.config.apply([{ kind: 'agent', id, accountId, version: ++version, doc }]);
  }

  return {
    redis,
    engine,
    scope,
    another,
    newChat,
    changeQueue,
    changeAgent,

    async changeAccount(settings) {
      const doc = { kind: 'account' as const, id: accountId, name: 'Test', isActive: true, origins: [], ...settings };
      await engine.config.apply([{ kind: 'account', id: accountId, accountId, version: ++version, doc }]);
    },

    async deleteQueue(id) {
      await engine.config.apply([{ kind: 'queue', id, accountId, version: ++version, doc: null }]);
    },

    async addQueue(settings) {
      const id = newId('queue');
      await changeQueue(id, settings);
      return id;
    },

    async addAgent(settings) {
      const id = newId('user');
      await changeAgent(id, settings);
      await engine.router.attachDevice(scope, { agentId: id, deviceId: 'desk', deviceName: 'Desk', connectionId: newId('connection') });
      const signedIn = await engine.router.signIn(scope, { agentId: id, key: newId('command') });
      if (!signedIn.ok) throw new Error(`sign-in refused: ${signedIn.code}`);
      return id;
    },

    async startChat(queue) {
      const chat = newChat(queue);
      const started = await engine.router.startInteraction(scope, chat);
      if (!started.ok) throw new Error(`start refused: ${started.code}`);
      // Who comes within one millisecond comes at once: tests of order mean one after the other.
      const startedAt = Date.now();
      while (Date.now() === startedAt) await new Promise(setImmediate);
      return { id: started.interaction.id as InteractionId, contactId: chat.contactId };
    },

    now: () => virtualMs,

    async advance(ms) {
      const target = virtualMs + ms;
      const base = `c:{p${partition}}:due:`;
      for (;;) {
        const { redis } = engine.core.runner;
        const next = await Promise.all(['offer', 'knock'].map((set) => redis.zrange(`${base}${set}`, 0, 0, 'WITHSCORES')));
        const due = Math.min(...next.map(([, score]) => Number(score ?? Number.POSITIVE_INFINITY)));
        if (due > target) break;
        virtualMs = Math.max(virtualMs, due);
        await engine.core.commands.run('sweepPartition', partition, [0]);
      }
      virtualMs = target;
    },

    async expireLease(nodeId) {
      const key = `c:{p${partition}}:nodes`;
      const standing = await engine.core.runner.redis.hget(key, nodeId);
      await engine.core.runner.redis.hset(key, nodeId, `${standing?.split('|')[0]}|1`);
    },

    async dropNode(name, epoch) {
      const { runner, commands } = engine.core;
      await dropClaims({ runner, base: `c:{p${partition}}`, name, epoch }, async (args) => {
        const reply = await commands.run('dropNode', partition, args);
        return isRefused(reply) ? undefined : reply;
      });
    },

    async close() {
      await Promise.all(engines.map((each) => each.close('test over')));
      await redis.stop();
    },
  };
}

/** A small center for model tests: a manual, a balanced and a random queue, three agents of differing capacity who serve all of them. */
export interface Scene {
  readonly scope: Scope;
  readonly queues: readonly string[];
  readonly agents: readonly string[];
  newChat(queue: QueueId): NewInteraction;
  start(queue: QueueId): Promise<{ id: string; contactId: string }>;
  connectionsOf(interaction: string): Promise<string[]>;
}

export async function seedScene(engine: RunningEngine, partition: number): Promise<Scene> {
  const accountId = newId('account');
  const scope: Scope = { accountId, partition };
  await engine.config.place(accountId, partition);
  const account = { kind: 'account' as const, id: accountId, name: 'Scene', isActive: true, origins: [] };
  await engine.config.apply([{ kind: 'account', id: accountId, accountId, version: 1, doc: account }]);
  const shapes: Partial<QueueDoc>[] = [
    { mode: 'manual' },
    { mode: 'balanced', wrapUpMs: 10_000, maxMissed: 2 },
    { mode: 'random', isAutoAccepted: true, limitPerAgent: 1, autoCloseMs: 30_000, priority: 1 },
  ];
  const queues: QueueId[] = [];
  for (const shape of shapes) {
    const id = newId('queue');
    queues.push(id);
    const doc: QueueDoc = { kind: 'queue', id, accountId, name: shape.mode ?? '', ...queueDefaults, outcomes: [], ...shape };
    await engine.config.apply([{ kind: 'queue', id, accountId, version: 1, doc }]);
  }
  const agents: UserId[] = [];
  for (const capacity of [1, 1, 2]) {
    const id = newId('user');
    agents.push(id);
    const doc = { kind: 'agent' as const, id, accountId, name: `Agent ${capacity}`, isActive: true, capacity, queues };
    await engine.config.apply([{ kind: 'agent', id, accountId, version: 1, doc }]);
    await engine.router.attachDevice(scope, { agentId: id, deviceId: 'desk', deviceName: 'Desk', connectionId: `desk-${id}` });
    await engine.router.signIn(scope, { agentId: id, key: newId('command') });
  }
  const newChat = (queue: QueueId): NewInteraction => ({
    queueId: queue,
    groupId: newId('group') as GroupId,
    contactId: newId('contact'),
    key: newId('command'),
    name: 'Eva',
    email: '',
    language: 'en',
    page: '',
    userAgent: 'model',
    text: 'Hello',
    connectionId: newId('connection'),
  });
  return {
    scope,
    queues,
    agents,
    newChat,
    async start(queue) {
      const chat = newChat(queue);
      const started = await engine.router.startInteraction(scope, chat);
      if (!started.ok) throw new Error(started.code);
      return { id: started.interaction.id, contactId: chat.contactId };
    },
    connectionsOf: (interaction) => engine.core.runner.redis.hkeys(`${engine.core.prefix}{p${partition}}:ic:${interaction}`),
  };
}
