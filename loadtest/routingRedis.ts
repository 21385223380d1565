/**
 * What Redis says of itself while it is measured: processor time, memory, and how long scripts held it. Created per run on a connection of its own.
 *
 * Processor time is that of the whole server process (INFO cpu: `used_cpu_user` + `used_cpu_sys`, main thread and its helpers) and of children it has
 * waited for (`…_children`: rewrites of the append-only file). Microseconds throughout.
 */
import { Redis } from 'ioredis';

/** Under load, scripts at least this long are listed one by one; Redis would spend itself on listing all. */
export const LISTED_FROM_US = 1_000;
const LIST_LENGTH = 20_000;

export interface RedisCpu {
  readonly selfUs: number;
  /** The thread that runs commands. */
  readonly mainThreadUs: number;
  readonly childrenUs: number;
}

export interface CommandStat {
  readonly calls: number;
  readonly us: number;
}

export interface SlowScript {
  /** Our command, or whose script it is. */
  readonly script: string;
  readonly us: number;
}

export class RedisGauge {
  readonly redis: Redis;

  private constructor(redis: Redis) {
    this.redis = redis;
  }

  static async open(url: string): Promise<RedisGauge> {
    const redis = new Redis(url, { connectionName: 'bench-gauge' });
    await redis.config('SET', 'slowlog-max-len', String(LIST_LENGTH));
    const gauge = new RedisGauge(redis);
    await gauge.listScriptsFrom(LISTED_FROM_US);
    return gauge;
  }

  /** From now on, scripts that take so long are listed. */
  async listScriptsFrom(us: number): Promise<void> {
    await this.redis.config('SET', 'slowlog-log-slower-than', String(us));
    await this.redis.slowlog('RESET');
  }

  async cpu(): Promise<RedisCpu> {
    const field = fieldsOf(await this.redis.info('cpu'));
    const us = (...names: string[]): number => names.reduce((sum, name) => sum + Number(field(name)) * 1e6, 0);
    return {
      selfUs: us('used_cpu_user', 'used_cpu_sys'),
      mainThreadUs: us('used_cpu_user_main_thread', 'used_cpu_sys_main_thread'),
      childrenUs: us('used_cpu_user_children', 'used_cpu_sys_children'),
    };
  }

  /** Waits until no child rewrites the append-only file, so that its time is in what `cpu` says of children. */
  async untilNoRewrite(): Promise<void> {
    for (;;) {
      const field = fieldsOf(await this.redis.info('persistence'));
      if (field('aof_rewrite_in_progress') === '0' && field('aof_rewrite_scheduled') === '0') return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async memoryBytes(): Promise<number> {
    return Number(fieldsOf(await this.redis.info('memory'))('used_memory'));
  }

  async keys(): Promise<number> {
    return this.redis.dbsize();
  }

  /** Calls and time of each command since the server began, those that scripts called included (`evalsha` contains them). */
  async commands(): Promise<Map<string, CommandStat>> {
    const stats = new Map<string, CommandStat>();
    for (const line of (await this.redis.info('commandstats')).split('\r\n')) {
      const match = /^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/.exec(line);
      if (match?.[1]) stats.set(match[1], { calls: Number(match[2]), us: Number(match[3]) });
    }
    return stats;
  }

  /** Scripts listed since the last call. The time is elapsed time: what the machine did instead counts. */
  async slowScripts(): Promise<SlowScript[]> {
    const entries = (await this.redis.slowlog('GET', LIST_LENGTH)) as [number, number, number, string[]][];
    await this.redis.slowlog('RESET');
    return entries.flatMap(([, , us, [command = '', name = '']]) => {
      if (/^fcall/i.test(command)) return [{ script: name.slice(name.lastIndexOf('_') + 1), us }];
      return /^eval/i.test(command) ? [{ script: 'of BullMQ', us }] : [];
    });
  }

  close(): void {
    this.redis.disconnect();
  }
}

export function cpuSince(before: RedisCpu, after: RedisCpu): RedisCpu {
  return {
    selfUs: after.selfUs - before.selfUs,
    mainThreadUs: after.mainThreadUs - before.mainThreadUs,
    childrenUs: after.childrenUs - before.childrenUs,
  };
}

/** Values of INFO by their name. */
function fieldsOf(info: string): (name: string) => string {
  const values = new Map(info.split('\r\n').map((line) => line.split(':', 2) as [string, string]));
  return (name) => values.get(name) ?? '';
}
