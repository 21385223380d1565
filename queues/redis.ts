/**
 * Opens connections to a Redis or a Redis Cluster that never resend by themselves (a script must not run twice unnoticed: the router
 * repeats commands under their ids) and runs scripts with a bounded number of tries. Nobody but this and `cluster.ts` imports ioredis.
 */
import type { Socket } from 'node:net';
import { Cluster, Redis as Single } from 'ioredis';
import { isClusterUrl } from '../config/redisAddress.ts';
import { AppError } from '../src/base/errors.ts';
import { gatherWrites } from '../src/base/gather.ts';
import type { Logger } from '../src/base/log.ts';
import { connectCluster, connectOwner, isMoved, ownerNode } from './cluster.ts';
import { loadLibrary, type Script } from './scripts.ts';

/** For commands: one server, or all nodes of a cluster. */
export type Redis = Single | Cluster;
/** For blocking reads: one server, or the node of a cluster that owns a partition. */
export type Reader = Single;

const COMMAND_TIMEOUT_MS = 3_000;
const CLOSE_WITHIN_MS = 500;
const GIVE_UP_AFTER_MS = 4_000;
const RETRY_MS = [20, 50, 100, 200, 400, 800] as const;

const retryStrategy = (attempt: number): number => Math.min(10 * 2 ** Math.min(attempt, 7), 1_000);
const node = (name: string) => ({ connectionName: name, maxRetriesPerRequest: 0, connectTimeout: 3_000, keepAlive: 10_000 });
const single = (name: string) => ({ ...node(name), autoResendUnfulfilledCommands: false, enableOfflineQueue: false, retryStrategy });

/** A connection for commands and subscriptions. */
export function connect(url: string, log: Logger, name: string): Redis {
  const forCommands = { commandTimeout: COMMAND_TIMEOUT_MS };
  if (!isClusterUrl(url)) return told(gathered(new Single(url, { ...single(name), ...forCommands })), log, name);
  const never = { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, enableOfflineQueue: false };
  return told(connectCluster(url, { ...node(name), ...forCommands }, never), log, name);
}

/** ioredis's own pipelines would do the same, but hold back what comes until the one before is answered: a command would wait for two. */
function gathered(redis: Single): Single {
  redis.on('connect', () => gatherWrites((redis as unknown as { readonly stream: Socket }).stream, 'turn'));
  return redis;
}

/** A connection of its own for blocking reads of logs: in a cluster to the owner of `key`, wherever that is. */
export function connectReader(url: string, redis: Redis, log: Logger, name: string, key: string): Reader {
  const reader = redis instanceof Cluster ? connectOwner(url, redis, key, single(name)) : new Single(url, single(name));
  return told(reader, log, name);
}

function told<Connection extends Redis>(redis: Connection, log: Logger, name: string): Connection {
  let isDown = false;
  redis.on('error', (error: Error) => {
    if (!isDown) log.warn({ connection: name, error: error.message }, 'redis.lost');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) log.info({ connection: name }, 'redis.back');
    isDown = false;
  });
  return redis;
}

/** A connection as BullMQ wants it: it waits for Redis without end. Its state shows in BullMQ's progress, which is watched. */
export function connectPatiently(url: string): Redis {
  const patient = { maxRetriesPerRequest: null, connectionName: 'centralino-knocks' };
  const redis = isClusterUrl(url) ? connectCluster(url, patient, {}) : new Single(url, patient);
  redis.on('error', () => undefined);
  return redis;
}

/** Waits until the connection serves. @throws AppError unavailable after `withinMs`. */
export async function untilReady(redis: Redis, withinMs: number): Promise<void> {
  await untilStatusReady(redis, withinMs);
  // The nodes of a cluster are connected to when they are first asked; what comes in the midst of that would be refused.
  if (redis instanceof Cluster) await Promise.allSettled(redis.nodes('master').map((each) => each.ping()));
}

async function untilStatusReady(redis: Redis, withinMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => finish(new AppError('unavailable', { detail: 'Redis does not answer.' })), withinMs);
    const onReady = () => finish();
    function finish(error?: Error): void {
      clearTimeout(timer);
      redis.off('ready', onReady);
      if (error) reject(error);
      else resolve();
    }
    redis.once('ready', onReady);
  });
}

/**
 * The answer to a command of a blocking connection. A connection that is dead without having been closed (a host that vanished) never answers:
 * after `withinMs` it is replaced; so is one to a node that no longer owns what is read. @throws AppError unavailable; Redis's own
 */
export async function answered<Value>(redis: Reader, withinMs: number, answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      redis.disconnect(true);
      reject(new AppError('unavailable', { detail: 'Redis does not answer.' }));
    }, withinMs);
  });
  try {
    return await Promise.race([answer, silence]);
  } catch (error) {
    if (isMoved(error)) redis.disconnect(true);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the failure is the connection's or the server's state, not the command's: the same command may be tried again. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return !/^(ERR|WRONGTYPE|NOAUTH|NOPERM|user_script|WRONGPASS)/.test(error.message) || /^ERR .*(loading|busy)/i.test(error.message);
}

const isTimeout = (error: unknown): boolean => error instanceof Error && error.message === 'Command timed out';

export type Reply = readonly unknown[];

const library = loadLibrary();

/** Runs scripts on one connection: the functions of this release's library, loaded where Redis does not know them. */
export class ScriptRunner {
  readonly redis: Redis;
  readonly #others: ReadonlyMap<string, Script> | undefined;
  readonly #loading = new Map<Single, Promise<unknown>>();
  #isClosed = false;
  #isReplacing = false;

  /** `others`: plain scripts of another release, brought by tests, in place of this one's. */
  constructor(redis: Redis, others?: ReadonlyMap<string, Script>) {
    this.redis = redis;
    this.#others = others;
  }

  /**
   * Runs a script; when the connection fails, again until it answers or 4 s have passed. The caller must have made it safe to run twice.
   * @throws AppError unavailable | internal
   */
  async run(name: string, key: string, args: readonly (string | number)[]): Promise<Reply | number | null> {
    const other = this.#others?.get(name);
    if (other) return this.retrying(() => this.#evaluate(other, key, args), key);
    if (!library.commands.has(name)) throw new Error(`no script ${name}`);
    return this.retrying(() => this.#once(name, key, args), key);
  }

  async #once(name: string, key: string, args: readonly (string | number)[]): Promise<Reply | number | null> {
    const call = () => this.redis.fcall(`${library.name}_${name}`, 1, key, ...args) as Promise<Reply | number | null>;
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('ERR Function not found')) throw error;
      await this.#load(key);
      return call();
    }
  }

  /** Redis keeps functions as it keeps data: each node of a cluster, and its replicas, has its own. */
  async #load(key: string): Promise<void> {
    const node = this.redis instanceof Cluster ? ownerNode(this.redis, key) : this.redis;
    if (!node) throw new AppError('unavailable', { detail: 'No node of Redis has this partition at the moment.' });
    const loading = this.#loading.get(node) ?? node.function('LOAD', 'REPLACE', library.text).finally(() => this.#loading.delete(node));
    this.#loading.set(node, loading);
    await loading;
  }

  async #evaluate(script: Script, key: string, args: readonly (string | number)[]): Promise<Reply | number | null> {
    try {
      return (await this.redis.evalsha(script.sha, 1, key, ...args)) as Reply;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await this.redis.eval(script.text, 1, key, ...args)) as Reply;
    }
  }

  /** Runs a Redis call, repeated while the connection is lost. `key` is one that it touches. */
  async retrying<Value>(call: () => Promise<Value>, key?: string): Promise<Value> {
    const started = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (error instanceof AppError) throw error;
        // Perhaps the connection is dead without having been closed: the next try gets a new one.
        if (isTimeout(error)) this.#replaceConnection(key);
        if (!isPassing(error)) throw new AppError('internal', { detail: 'A state script failed.', cause: error });
        if (this.#isClosed || performance.now() - started > GIVE_UP_AFTER_MS) throw new AppError('unavailable', { cause: error });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
      }
    }
  }

  /** Once, however many commands timed out on it. */
  #replaceConnection(key: string | undefined): void {
    if (this.redis instanceof Cluster) {
      // The next command opens a new one.
      if (key !== undefined) ownerNode(this.redis, key)?.disconnect();
      return;
    }
    if (this.#isReplacing || this.redis.status !== 'ready') return;
    this.#isReplacing = true;
    this.redis.once('close', () => {
      this.#isReplacing = false;
    });
    this.redis.disconnect(true);
  }

  /** Lets what was asked be answered first, within 500 ms. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.redis.status === 'ready') {
      const answered = this.redis.ping().catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([answered, new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_WITHIN_MS)))]);
      clearTimeout(timer);
    }
    this.redis.disconnect();
  }
}
