/**
 * The only importer of ioredis. Opens connections that never resend by themselves (a script must not run twice unnoticed: the router
 * repeats commands under their ids) and runs scripts with a bounded number of tries.
 */
import { Redis } from 'ioredis';
import { AppError } from '../src/base/errors.ts';
import type { Logger } from '../src/base/log.ts';
import { loadScripts, type Script } from './scripts.ts';

export type { Redis };

const COMMAND_TIMEOUT_MS = 3_000;
const GIVE_UP_AFTER_MS = 4_000;
const RETRY_MS = [20, 50, 100, 200, 400, 800] as const;

/** A connection for commands, or (`isBlocking`) one for a blocking read of its own. */
export function connect(url: string, log: Logger, name: string, isBlocking = false): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    enableAutoPipelining: !isBlocking,
    retryStrategy: (attempt) => Math.min(10 * 2 ** Math.min(attempt, 7), 1_000),
    connectTimeout: 3_000,
    keepAlive: 10_000,
    ...(isBlocking ? {} : { commandTimeout: COMMAND_TIMEOUT_MS }),
  });
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
  const redis = new Redis(url, { maxRetriesPerRequest: null, connectionName: 'centralino-knocks' });
  redis.on('error', () => undefined);
  return redis;
}

/** Waits until the connection serves. @throws AppError unavailable after `withinMs`. */
export async function untilReady(redis: Redis, withinMs: number): Promise<void> {
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
 * after `withinMs` it is replaced. @throws AppError unavailable
 */
export async function answered<Value>(redis: Redis, withinMs: number, answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      redis.disconnect(true);
      reject(new AppError('unavailable', { detail: 'Redis does not answer.' }));
    }, withinMs);
  });
  try {
    return await Promise.race([answer, silence]);
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

/** Runs scripts by hash on one connection, loading them where Redis does not know them. */
export class ScriptRunner {
  readonly redis: Redis;
  readonly #scripts: ReadonlyMap<string, Script>;
  #isClosed = false;
  #isReplacing = false;

  /** `scripts`: those of this release; tests bring those of another. */
  constructor(redis: Redis, scripts: ReadonlyMap<string, Script> = loadScripts()) {
    this.redis = redis;
    this.#scripts = scripts;
  }

  /**
   * Runs a script; when the connection fails, again until it answers or 4 s have passed. The caller must have made it safe to run twice.
   * @throws AppError unavailable | internal
   */
  async run(name: string, key: string, args: readonly (string | number)[]): Promise<Reply | number | null> {
    const script = this.#scripts.get(name);
    if (!script) throw new Error(`no script ${name}`);
    return this.retrying(() => this.#once(script, key, args));
  }

  async #once(script: Script, key: string, args: readonly (string | number)[]): Promise<Reply | number | null> {
    try {
      return (await this.redis.evalsha(script.sha, 1, key, ...args)) as Reply;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await this.redis.eval(script.text, 1, key, ...args)) as Reply;
    }
  }

  /** Runs a Redis call, repeated while the connection is lost. */
  async retrying<Value>(call: () => Promise<Value>): Promise<Value> {
    const started = performance.now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (error instanceof AppError) throw error;
        // Perhaps the connection is dead without having been closed: the next try gets a new one.
        if (isTimeout(error)) this.#replaceConnection();
        if (!isPassing(error)) throw new AppError('internal', { detail: 'A state script failed.', cause: error });
        if (this.#isClosed || performance.now() - started > GIVE_UP_AFTER_MS) throw new AppError('unavailable', { cause: error });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]));
      }
    }
  }

  /** Once, however many commands timed out on it. */
  #replaceConnection(): void {
    if (this.#isReplacing || this.redis.status !== 'ready') return;
    this.#isReplacing = true;
    this.redis.once('close', () => {
      this.#isReplacing = false;
    });
    this.redis.disconnect(true);
  }

  close(): void {
    this.#isClosed = true;
    this.redis.disconnect();
  }
}
