/**
 * What changes that concern many cost: settings of a queue, an account switched on, the last agent who leaves, a queue or an agent that is deleted. Part
 * of `npm run bench -- routing --profile`. Each is done once on a scene of its own, and all scripts that it brings about are timed one by one by Redis
 * (elapsed time, so on a busy machine the median and the ninth tenth tell more than the longest).
 */
import type { ConfigEntry } from '../queues/config.ts';
import type { RunningEngine } from '../queues/index.ts';
import { newId } from '../src/base/ids.ts';
import { quantile, type Table } from './report.ts';
import type { Calls } from './routingCalls.ts';
import type { RedisGauge } from './routingRedis.ts';
import { agentOf, buildScene, kindOf, must, newCall, queueOf, type Scene, signInAll } from './routingScene.ts';

const WAITING = 3_000;
const AGENTS = 300;
const SHAPE = { name: 'bulk', queues: 5, agents: AGENTS, wrapUpMs: 600_000, isSkilled: true };
const FIRST_PARTITION = 20;
const IN_FLIGHT = 4;

interface Change {
  readonly name: string;
  /** Settings of every queue, beside those of the scene. */
  readonly queue?: Partial<ReturnType<typeof queueOf>>;
  /** What makes it ready; not timed. */
  prepare?(bulk: Bulk): Promise<void>;
  make(bulk: Bulk): Promise<void>;
}

/** One scene with much that waits. */
class Bulk {
  readonly calls: Calls;
  readonly scene: Scene;
  #version = 10;

  constructor(calls: Calls, scene: Scene) {
    this.calls = calls;
    this.scene = scene;
  }

  async wait(count: number): Promise<void> {
    const { scope } = this.scene;
    const start = async ({ router }: RunningEngine, number: number): Promise<void> => {
      must(await router.startInteraction(scope, newCall(this.scene, kindOf(this.scene, number, number % 2 === 0))));
    };
    await this.calls.each(count, start, IN_FLIGHT);
  }

  async each(what: 'pause' | 'resume' | 'signOut'): Promise<void> {
    const { scope, agents } = this.scene;
    const change = async ({ router }: RunningEngine, number: number): Promise<void> => {
      must(await router[what](scope, { agentId: agents[number] as never, reason: 'bulk', key: newId('command') }));
    };
    await this.calls.each(agents.length, change, IN_FLIGHT);
  }

  async apply(entry: Pick<ConfigEntry, 'kind' | 'id' | 'doc'>): Promise<void> {
    await this.calls.first.config.apply([{ ...entry, accountId: this.scene.scope.accountId, version: ++this.#version }]);
  }

  async setAccount(isActive: boolean): Promise<void> {
    const id = this.scene.scope.accountId;
    await this.apply({ kind: 'account', id, doc: { kind: 'account', id, name: 'Bulk', isActive, origins: [] } });
  }

  /** What a worker does, until nothing is due. */
  async sweep(): Promise<void> {
    for (let fired = 1; fired > 0; ) {
      const reply = await this.calls.first.core.commands.run('sweepPartition', this.scene.scope.partition, [0]);
      fired = Array.isArray(reply) ? Number(reply[1]) + Number(reply[2]) : 0;
    }
  }
}

const allPaused = (bulk: Bulk): Promise<void> => bulk.each('pause').then(() => bulk.wait(WAITING));

const CHANGES: readonly Change[] = [
  {
    name: `account switched on: ${AGENTS} agents free, ${WAITING} wait`,
    async prepare(bulk) {
      await allPaused(bulk);
      await bulk.setAccount(false);
      await bulk.each('resume');
      await bulk.sweep();
    },
    make: (bulk) => bulk.setAccount(true),
  },
  {
    name: `settings of a queue: ${AGENTS} agents busy, ${WAITING} wait`,
    prepare: (bulk) => bulk.wait(WAITING),
    async make(bulk) {
      const { scene } = bulk;
      const id = scene.queues[0] as never;
      await bulk.apply({ kind: 'queue', id, doc: { ...queueOf(scene.shape, scene.scope.accountId, id, 0), mode: 'balanced' } });
    },
  },
  {
    name: `last agent leaves, recipe closes: ${WAITING} wait`,
    queue: { recipe: [{ afterSec: 0, onlyIf: 'no_agents', do: { op: 'close' } }] },
    prepare: (bulk) => bulk.wait(WAITING),
    make: (bulk) => bulk.each('signOut'),
  },
  {
    name: `queue deleted: ${WAITING} wait in five`,
    prepare: allPaused,
    make: (bulk) => bulk.apply({ kind: 'queue', id: bulk.scene.queues[0] as string, doc: null }),
  },
  {
    name: 'agent removed with 50 chats',
    queue: { channel: 'chat', isAutoAccepted: true },
    async prepare(bulk) {
      await bulk.each('pause');
      const { scene } = bulk;
      const id = scene.agents[0] as never;
      const doc = { ...agentOf(scene.shape, scene.scope.accountId, id, 0, scene.queues), voiceCapacity: 50, queues: [...scene.queues] };
      await bulk.apply({ kind: 'agent', id, doc });
      must(await bulk.calls.first.router.signIn(scene.scope, { agentId: id, key: newId('command') }));
      must(await bulk.calls.first.router.resume(scene.scope, { agentId: id, key: newId('command') }));
      await bulk.wait(200);
      await bulk.sweep();
    },
    make: (bulk) => bulk.apply({ kind: 'agent', id: bulk.scene.agents[0] as string, doc: null }),
  },
];

export async function profileBulk(calls: Calls, gauge: RedisGauge): Promise<Table> {
  const rows: (string | number)[][] = [];
  for (const [at, change] of CHANGES.entries()) {
    const scene = await buildScene(calls, { ...SHAPE, partition: FIRST_PARTITION + at }, change.queue);
    await signInAll(calls, scene);
    const bulk = new Bulk(calls, scene);
    await change.prepare?.(bulk);
    await gauge.listScriptsFrom(100);
    await change.make(bulk);
    await bulk.sweep();
    const byScript = Map.groupBy(await gauge.slowScripts(), ({ script }) => script);
    for (const [script, list] of byScript) {
      const us = list.map((one) => one.us).sort((a, b) => a - b);
      rows.push([change.name, script, us.length, quantile(us, 0.5), quantile(us, 0.9), us.at(-1) ?? 0]);
    }
  }
  return {
    title: 'Changes that concern many: scripts they bring about (elapsed time inside Redis, µs)',
    columns: ['change', 'script', 'calls', 'median', 'nine tenths', 'longest'],
    rows,
    notes: [],
  };
}
