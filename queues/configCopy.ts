/** The copies of configuration in Redis: written with their version, read by the edges. Created by the engine. */
import { isIP } from 'node:net';
import type { AccountId } from '../src/base/ids.ts';
import { type Commands, isRefused } from './commands.ts';
import type { AccountDoc, AgentDoc, ConfigKind, GroupDoc, QueueDoc } from './config.ts';
import { configDoc } from './config.ts';
import type { Config, Scope } from './engine.ts';
import { directoryKey, partitionKey } from './keys.ts';
import type { ScriptRunner } from './redis.ts';

const CACHE_MS = 1_000;

interface Cached<Value> {
  readonly value: Value;
  readonly until: number;
}

export function createConfig(commands: Commands, runner: ScriptRunner, prefix: string): Config {
  const { redis } = runner;
  const scopes = new Map<string, Scope>();
  const groups = new Map<string, Cached<{ scope: Scope; group: GroupDoc } | undefined>>();

  async function scopeOf(accountId: AccountId): Promise<Scope | undefined> {
    const known = scopes.get(accountId);
    if (known) return known;
    const partition = await runner.retrying(() => redis.hget(directoryKey(prefix, 'accounts'), accountId));
    if (partition === null) return undefined;
    const scope = { accountId, partition: Number(partition) };
    scopes.set(accountId, scope);
    return scope;
  }

  async function read(scope: Scope, kind: ConfigKind, id: string): Promise<unknown> {
    const text = await runner.retrying(() => redis.get(`${partitionKey(prefix, scope.partition)}:doc:${kind}:${id}`));
    if (text === null) return undefined;
    const doc = configDoc.parse(JSON.parse(text));
    return doc.kind === 'account' ? (doc.id === scope.accountId ? doc : undefined) : doc.accountId === scope.accountId ? doc : undefined;
  }

  async function readGroup(publicId: string): Promise<{ scope: Scope; group: GroupDoc } | undefined> {
    const place = await runner.retrying(() => redis.hget(directoryKey(prefix, 'groups'), publicId));
    if (place === null) return undefined;
    const [accountId, groupId] = place.split('|') as [AccountId, string];
    const scope = await scopeOf(accountId);
    const group = scope && ((await read(scope, 'group', groupId)) as GroupDoc | undefined);
    return scope && group && group.publicId === publicId ? { scope, group } : undefined;
  }

  return {
    scopeOf,

    async place(accountId, partition, publicId) {
      await runner.retrying(() => redis.sadd(directoryKey(prefix, 'partitions'), partition));
      if (publicId) await runner.retrying(() => redis.hset(directoryKey(prefix, 'domains'), publicId.toLowerCase(), accountId));
      await runner.retrying(() => redis.hset(directoryKey(prefix, 'accounts'), accountId, partition));
      scopes.set(accountId, { accountId, partition });
    },

    async accountOfDomain(host) {
      const label = isIP(host) === 0 ? /^([0-9a-z_-]{1,63})\./.exec(host.toLowerCase())?.[1] : undefined;
      const named = label === undefined ? null : await runner.retrying(() => redis.hget(directoryKey(prefix, 'domains'), label));
      if (named !== null) return named as AccountId;
      const accounts = directoryKey(prefix, 'accounts');
      if ((await runner.retrying(() => redis.hlen(accounts))) !== 1) return undefined;
      return (await runner.retrying(() => redis.hkeys(accounts)))[0] as AccountId | undefined;
    },

    async apply(entries) {
      let applied = 0;
      for (const entry of entries) {
        const scope = await scopeOf(entry.accountId as AccountId);
        if (!scope) continue;
        if (entry.doc?.kind === 'group') {
          // Before the copy: a process killed in between leaves a pointer to nothing, which the next try mends.
          const { publicId } = entry.doc;
          await runner.retrying(() => redis.hset(directoryKey(prefix, 'groups'), publicId, `${entry.accountId}|${entry.id}`));
          groups.delete(publicId);
        }
        const doc = entry.doc ? JSON.stringify(configDoc.parse(entry.doc)) : '';
        const reply = await commands.run('applyConfig', scope.partition, [entry.kind, entry.id, entry.accountId, entry.version, doc]);
        if (!isRefused(reply)) applied += Number(reply[1]);
      }
      return applied;
    },

    account: async (scope) => (await read(scope, 'account', scope.accountId)) as AccountDoc | undefined,
    queue: async (scope, id) => (await read(scope, 'queue', id)) as QueueDoc | undefined,
    agent: async (scope, id) => (await read(scope, 'agent', id)) as AgentDoc | undefined,

    group: async (scope, id) => (await read(scope, 'group', id)) as GroupDoc | undefined,

    async queues(scope) {
      const ids = await runner.retrying(() => redis.smembers(`${partitionKey(prefix, scope.partition)}:qs:${scope.accountId}`));
      const docs = await Promise.all(ids.map((id) => read(scope, 'queue', id)));
      return docs.filter((doc): doc is QueueDoc => doc !== undefined).sort((left, right) => left.name.localeCompare(right.name));
    },

    async groupByPublicId(publicId, { isFresh = false } = {}) {
      const cached = groups.get(publicId);
      if (!isFresh && cached && cached.until > performance.now()) return cached.value;
      const value = await readGroup(publicId);
      // A flood of unknown identifiers must not fill the cache.
      if (groups.size > 10_000) groups.clear();
      groups.set(publicId, { value, until: performance.now() + CACHE_MS });
      return value;
    },

    async versions(scope) {
      const flat = await runner.retrying(() => redis.hgetall(`${partitionKey(prefix, scope.partition)}:cv:${scope.accountId}`));
      return new Map(Object.entries(flat).map(([entry, version]) => [entry, Number(version)]));
    },
  };
}
