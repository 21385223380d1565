/**
 * Simulated nodes: engines on one Redis, each with its own lease, its own idea of the time, and if wanted a connection that is cut by chance or the
 * scripts of an earlier release. A lane is a partition in virtual time with nodes of its own; several lanes run side by side.
 */
import { dropClaims } from '../../../queues/claims.ts';
import { Commands, isRefused } from '../../../queues/commands.ts';
import type { Config, Router } from '../../../queues/engine.ts';
import { createEngine, type RunningEngine } from '../../../queues/index.ts';
import { partitionKey } from '../../../queues/keys.ts';
import { NodeLease } from '../../../queues/lease.ts';
import { connect, type Redis, type Reply, ScriptRunner, untilReady } from '../../../queues/redis.ts';
import { createRouter } from '../../../queues/router.ts';
import { loadScripts, type Script } from '../../../queues/scripts.ts';
import { AppError } from '../../../src/base/errors.ts';
import { type CutProxy, seeded, startCutProxy } from '../cutProxy.ts';
import { testLog } from '../engines.ts';
import { startTestRedis } from '../services.ts';
import { type Args, argsOf, type EarlierRelease, loadRelease } from './release.ts';

export const EPOCH_MS = 1_800_000_000_000;
/** Every search for what a freed agent is given goes on script by script, a place at a time (`lib/seeking.lua`). */
const CUT_SHORT = { MOST_LOOKED: 0, READ_AT_ONCE: 1, SIGNATURES: 1 };

export interface LaneNode {
  readonly name: string;
  readonly router: Router;
  readonly commands: Pick<Commands, 'run'>;
  readonly release: string;
  /** How often the connection of its commands was lost so far: what was under way then was asked again, or is given up. */
  losses(): number;
}

export interface Lane {
  readonly partition: number;
  /** Prefix of the partition's keys. */
  readonly base: string;
  readonly nodes: readonly LaneNode[];
  /** Applies configuration and looks at the state; never cut. */
  readonly engine: RunningEngine;
  readonly config: Config;
  nowMs: number;
  /** What each node's clock is ahead (ms). */
  readonly skews: number[];
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly proxy: CutProxy | undefined;
  close(): Promise<void>;
}

export interface LanesOptions {
  readonly lanes: number;
  /**
   * What each lane's nodes are: of the present release, with connections that are cut, with answers that never come, with searches cut short at every
   * place, or of an earlier release.
   */
  readonly nodes: readonly ('present' | 'cut' | 'mute' | 'short' | EarlierRelease)[];
  readonly seed?: number;
  /** A server or cluster that is there already; else one is started. */
  readonly redisUrl?: string;
}

export async function startLanes(options: LanesOptions): Promise<Lanes> {
  const own = options.redisUrl === undefined ? await startTestRedis() : undefined;
  const url = own?.url ?? options.redisUrl ?? '';
  const proxy = options.nodes.includes('cut') ? await startCutProxy(url, options.seed ?? 1) : undefined;
  const closers: (() => Promise<void>)[] = [];
  const lanes = await Promise.all(Array.from({ length: options.lanes }, (_, partition) => openLane(partition)));
  // Nothing here is about durability: without a sync per command thousands of runs fit into the test command.
  if (own) await lanes[0]?.engine.core.runner.redis.config('SET', 'appendfsync', 'no');

  async function openLane(partition: number): Promise<Lane> {
    const lane = { partition, base: partitionKey('c:', partition), nowMs: EPOCH_MS, skews: options.nodes.map(() => 0) };
    const started = await Promise.all(options.nodes.map((kind, index) => openNode(kind, index)));
    const engine = await openEngine(`watch-${partition}`, () => lane.nowMs);
    return Object.assign(lane, { nodes: started, engine, config: engine.config });

    async function openNode(kind: LanesOptions['nodes'][number], index: number): Promise<LaneNode> {
      const name = `${kind}-${partition}-${index}`;
      const clock = () => lane.nowMs + (lane.skews[index] ?? 0);
      if (kind === 'mute') return openOther(kind, name, clock, loadScripts(), muted(seeded((options.seed ?? 1) + 100 * partition + index)));
      if (kind === 'short') return openOther(kind, name, clock, loadScripts({ numbers: CUT_SHORT }), Commands);
      if (kind !== 'present' && kind !== 'cut') return openOther(kind, name, clock, loadRelease(kind), commandsOf(kind));
      const { router, core } = await openEngine(name, clock, kind === 'cut' ? proxy?.url : undefined);
      return { name, router, commands: core.commands, release: 'present', losses: countLosses(core.runner.redis) };
    }
  }

  async function openEngine(nodeId: string, virtualNow: () => number, redisUrl = url): Promise<RunningEngine> {
    const engine = await createEngine({ redisUrl, nodeId, log: testLog, virtualNow });
    closers.push(() => engine.close('test over'));
    return engine;
  }

  async function openOther(
    release: string,
    nodeId: string,
    virtualNow: () => number,
    scripts: ReadonlyMap<string, Script>,
    Kind: typeof Commands,
  ): Promise<LaneNode> {
    const connection = connect(url, testLog, connectionName(nodeId));
    await untilReady(connection, 60_000);
    const runner = new ScriptRunner(connection, scripts);
    const lease = new NodeLease({ nodeId, runner, prefix: 'c:', log: testLog, isVirtual: true });
    const commands = new Kind({ runner, lease, prefix: 'c:', onKnocks: () => undefined, virtualNow });
    closers.push(async () => {
      await lease.close(() => undefined);
      await runner.close();
    });
    return { name: nodeId, router: createRouter(commands), commands, release, losses: countLosses(connection) };
  }

  return {
    lanes,
    proxy,
    async close() {
      proxy?.setChance(0);
      await Promise.all(closers.map((close) => close()));
      await proxy?.close();
      await own?.stop();
    },
  };
}

/** As the engine names the connection of its commands. */
const connectionName = (nodeId: string): string => `centralino-${nodeId}`;

function countLosses(connection: Redis): () => number {
  let losses = 0;
  connection.on('close', () => losses++);
  return () => losses;
}

/** Gives each script what the router of its release gave it. */
const commandsOf = (release: EarlierRelease): typeof Commands =>
  class extends Commands {
    override run(name: string, partition: number, args: Args): ReturnType<Commands['run']> {
      return super.run(name, partition, argsOf(release, name, args));
    }
  };

/** Share of commands that are never answered, half of them carried out. */
const MUTE_SHARE = 0.06;

const muted = (random: () => number): typeof Commands =>
  class extends Commands {
    override async run(...command: Parameters<Commands['run']>): ReturnType<Commands['run']> {
      const drawn = random();
      if (drawn >= MUTE_SHARE) return super.run(...command);
      if (drawn < MUTE_SHARE / 2) await super.run(...command);
      throw new AppError('unavailable');
    }
  };

const CLEAR = `
for _, key in ipairs(redis.call('KEYS', KEYS[1] .. ':*')) do
  if key ~= KEYS[1] .. ':nodes' then redis.call('UNLINK', key) end
end`;

/** Forgets a lane's state but for its nodes' leases, and marks it as virtual: each run begins anew. */
export async function clearLane(lane: Lane): Promise<void> {
  const { redis } = lane.engine.core.runner;
  await redis.eval(CLEAR, 1, lane.base);
  const lapsed = Object.entries(await redis.hgetall(`${lane.base}:nodes`)).filter(
    ([name, standing]) => name.includes('~') || standing.endsWith('|1'),
  );
  if (lapsed.length > 0) await redis.hdel(`${lane.base}:nodes`, ...lapsed.map(([name]) => name));
  await redis.hset(`${lane.base}:meta`, 'virtual', '1');
  lane.nowMs = EPOCH_MS;
  lane.skews.fill(0);
}

/** As if the node's process had been stopped: its lease has run out, and it does not know. */
export async function lapseLease(lane: Lane, node: LaneNode): Promise<boolean> {
  const { redis } = lane.engine.core.runner;
  const standing = await redis.hget(`${lane.base}:nodes`, node.name);
  if (!standing) return false;
  await redis.hset(`${lane.base}:nodes`, node.name, `${standing.split('|')[0]}|1`);
  return true;
}

/** What the worker does: fires what is due until nothing is, and detaches what lapsed nodes held. @return how many fired */
export async function sweep(lane: Lane, commands: Pick<Commands, 'run'> = lane.engine.core.commands): Promise<number> {
  let fired = 0;
  for (let round = 0; ; round++) {
    if (round > 500) throw new Error('the sweep finds no end');
    const reply = await commands.run('sweepPartition', lane.partition, [0]);
    if (isRefused(reply)) return fired;
    const [, offers, knocks, , lapsed] = reply as Reply & [string, number, number, number, string[]];
    fired += Number(offers) + Number(knocks);
    for (const each of lapsed) await drop(lane, commands, each);
    if (Number(offers) + Number(knocks) === 0 && lapsed.length === 0) return fired;
  }
}

async function drop(lane: Lane, commands: Pick<Commands, 'run'>, lapsed: string): Promise<void> {
  const [name = '', epoch = ''] = lapsed.split('|');
  await dropClaims({ runner: lane.engine.core.runner, base: lane.base, name, epoch }, async (args) => {
    const reply = await commands.run('dropNode', lane.partition, args);
    return isRefused(reply) ? undefined : reply;
  });
}

/** The reconciler, once over everything. @return what it repaired: nothing, when all is well */
export async function reconcile(lane: Lane): Promise<string[]> {
  const found: string[] = [];
  for (const what of ['agents', 'queues']) {
    let cursor = '';
    do {
      const reply = (await lane.engine.core.commands.run('reconcilePartition', lane.partition, [what, cursor])) as [
        string,
        string,
        string[],
      ];
      cursor = reply[1];
      found.push(...reply[2]);
    } while (cursor !== '');
  }
  return found;
}

/** Closes the connections of a node that gave a command up: what one of them still carried is not executed after this. */
export async function settle(lane: Lane, node: LaneNode): Promise<void> {
  const { redis } = lane.engine.core.runner;
  for (const line of String(await redis.call('CLIENT', 'LIST')).split('\n')) {
    const { id, name } = /^id=(?<id>\d+) .* name=(?<name>\S*) /.exec(line)?.groups ?? {};
    if (id !== undefined && name === connectionName(node.name)) await redis.call('CLIENT', 'KILL', 'ID', id);
  }
}

/** Whether the engine keeps the result of a command whose name ends so. */
export async function isRemembered(lane: Lane, command: string): Promise<boolean> {
  return (await lane.engine.core.runner.redis.keys(`${lane.base}:x:*${command}`)).length > 0;
}
