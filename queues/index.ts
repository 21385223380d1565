/**
 * The routing engine: state in Redis behind Lua scripts, one engine per process. This file composes its pieces and is the part's edge;
 * `engine.ts` says what can be asked of it, `README.md` which invariants hold.
 */
import { isClusterUrl } from '../config/redisAddress.ts';
import { AppError } from '../src/base/errors.ts';
import { Commands } from './commands.ts';
import { createConfig } from './configCopy.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { createFeeds, createSignals } from './feeds.ts';
import { PARTITIONS, partitionKey } from './keys.ts';
import { KnockSender } from './knocks.ts';
import { NodeLease } from './lease.ts';
import { createPhones } from './phones/index.ts';
import { connect, connectReader, type Reader, ScriptRunner, untilReady } from './redis.ts';
import { createRooms } from './rooms.ts';
import { createRouter } from './router.ts';
import { createSessions } from './sessions.ts';
import { createRates, createShelf } from './shelf.ts';
import { createViews } from './views.ts';

export type * from './engine.ts';
export { type RoutingWorkers, startRoutingWorkers, type WorkerFigures } from './workers.ts';

/** For the worker role, which runs the engine's loops. */
export interface EngineCore {
  readonly runner: ScriptRunner;
  readonly commands: Commands;
  readonly prefix: string;
  readonly redisUrl: string;
  /** Whether each partition's log has to be read on a connection of its own. */
  readonly isCluster: boolean;
  /** A connection for blocking reads of a partition's log, and unless `isCluster` of any other's; the caller closes it. */
  connect(name: string, partition: number): Reader;
}

export interface RunningEngine extends Engine {
  readonly core: EngineCore;
}

const START_WITHIN_MS = 30_000;

/** Connects, retrying for 30 s. @throws AppError unavailable */
export async function createEngine(options: EngineOptions): Promise<RunningEngine> {
  const { redisUrl, nodeId, log } = options;
  const prefix = options.prefix ?? 'c:';
  const redis = connect(redisUrl, log, `centralino-${nodeId}`);
  try {
    await untilReady(redis, START_WITHIN_MS);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const runner = new ScriptRunner(redis);
  const lease = new NodeLease({ nodeId, runner, prefix, log, isVirtual: options.virtualNow !== undefined });
  const knocks = new KnockSender({ redisUrl, prefix, log });
  const commands = new Commands({
    runner,
    lease,
    prefix,
    onKnocks: options.virtualNow ? () => undefined : (list) => knocks.send(list),
    virtualNow: options.virtualNow,
    chance: options.chance,
  });
  const isCluster = isClusterUrl(redisUrl);
  const openReader = (name: string, partition: number) =>
    connectReader(redisUrl, redis, log, `centralino-${nodeId}-${name}`, partitionKey(prefix, partition));
  const feeds = createFeeds({ commands, redis, prefix, log, isCluster, connect: (partition) => openReader('tail', partition) });
  const signals = createSignals({ redis, prefix, connect: () => connect(redisUrl, log, `centralino-${nodeId}-signals`) });

  const config = createConfig(commands, runner, prefix);
  const phones = createPhones({
    commands,
    runner,
    prefix,
    config,
    lease,
    log,
    connect: (key) => connectReader(redisUrl, redis, log, `centralino-${nodeId}-mailbox`, key),
  });

  let closing: Promise<void> | undefined;
  async function close(reason: string): Promise<void> {
    log.debug({ node: nodeId, reason }, 'engine.closing');
    await lease
      .close((partition, reply) => commands.schedule(partition, reply))
      .catch((error: unknown) => log.warn({ err: error }, 'lease.unreturned'));
    await Promise.all([feeds.close(), signals.close(), knocks.close(), phones.close()]);
    await runner.close();
  }

  return {
    router: createRouter(commands),
    views: createViews(commands, redis, prefix),
    feeds,
    signals,
    sessions: createSessions(commands, runner, prefix),
    shelf: createShelf(runner, prefix),
    rates: createRates(redis, prefix),
    config,
    phones,
    rooms: createRooms({ runner, prefix, nodeId }),
    lease,
    onOffers: (listener) => commands.onOffers(listener),
    core: { runner, commands, prefix, redisUrl, isCluster, connect: openReader },
    async fullPartitions() {
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
      const flags = await runner.retrying(() =>
        Promise.all(partitions.map((partition) => redis.hget(`${partitionKey(prefix, partition)}:meta`, 'full'))),
      );
      return partitions.filter((partition) => flags[partition] === '1');
    },
    async ping() {
      const started = performance.now();
      try {
        await redis.ping();
      } catch (cause) {
        throw new AppError('unavailable', { detail: 'Redis does not answer.', cause });
      }
      return performance.now() - started;
    },
    close: (reason) => (closing ??= close(reason)),
  };
}
