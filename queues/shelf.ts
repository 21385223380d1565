/** A small expiring store, and rate counters, for the edges. Created by the engine. */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rates, Scope, Shelf } from './engine.ts';
import { partitionKey } from './keys.ts';
import type { Redis, ScriptRunner } from './redis.ts';

export function createShelf(runner: ScriptRunner, prefix: string): Shelf {
  const at = (scope: Scope, key: string) => `${partitionKey(prefix, scope.partition)}:sh:${scope.accountId}:${key}`;
  const { redis } = runner;
  return {
    get: async (scope, key) => (await runner.retrying(() => redis.get(at(scope, key)))) ?? undefined,
    async keep(scope, key, value, ttlMs) {
      const standing = await runner.retrying(() => redis.set(at(scope, key), value, 'PX', ttlMs, 'NX', 'GET'));
      return standing === null ? { value, isNew: true } : { value: standing, isNew: false };
    },
    put: async (scope, key, value, ttlMs) => void (await runner.retrying(() => redis.set(at(scope, key), value, 'PX', ttlMs))),
    remove: async (scope, key) => void (await runner.retrying(() => redis.del(at(scope, key)))),
  };
}

/**
 * Counts in Redis so that all processes share a limit; while Redis is away each process counts for itself. Not for a connection on which ioredis gathers pipelines by itself: one begun
 * before the library made its command known lacks it, and gives every later command in it another's answer.
 */
export function createRates(redis: Redis, prefix: string): Rates {
  const limiters = new Map<string, RateLimiterRedis>();

  function limiterOf(limit: number, windowSec: number): RateLimiterRedis {
    const name = `${limit}/${windowSec}`;
    let limiter = limiters.get(name);
    if (!limiter) {
      const shape = { keyPrefix: `${prefix}rate:${name}`, points: limit, duration: windowSec };
      limiter = new RateLimiterRedis({ ...shape, storeClient: redis, insuranceLimiter: new RateLimiterMemory(shape) });
      limiters.set(name, limiter);
    }
    return limiter;
  }

  return {
    async take(key, limit, windowSec, points = 1) {
      try {
        await limiterOf(limit, windowSec).consume(key, points);
        return { isAllowed: true, retryAfterSec: 0 };
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        return { isAllowed: false, retryAfterSec: Math.max(1, Math.ceil(refused.msBeforeNext / 1_000)) };
      }
    },
  };
}
