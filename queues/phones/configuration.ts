/**
 * Copies of what is configured for phones: numbers, phones, trunks. The copy with its version stands in the account's partition; names that are unique over
 * all accounts stand in a directory that points there and is believed only where the copy agrees. Created by the engine.
 */
import type { AccountId, UserId } from '../../src/base/ids.ts';
import { type Commands, isRefused } from '../commands.ts';
import type { Config, Scope } from '../engine.ts';
import { directoryKey, directoryPrefix, partitionKey } from '../keys.ts';
import {
  type NumberDoc,
  type PhoneDoc,
  type Phones,
  type PhonesConfigDoc,
  type PhonesConfigEntry,
  phonesConfigDoc,
  trunkDoc,
} from '../phones.ts';
import type { ScriptRunner } from '../redis.ts';

/** How old the trunks in memory may be. */
const TRUNKS_MS = 1_000;

type Trunk = Awaited<ReturnType<Phones['trunks']>>[number];

/** The name under which the directory has it; '' where there is none. */
function publicName(doc: PhonesConfigDoc | undefined): { hash: 'numbers' | 'usernames'; name: string } | undefined {
  if (doc?.kind === 'number') return { hash: 'numbers', name: doc.number.startsWith('+') ? doc.number : '' };
  if (doc?.kind === 'phone') return { hash: 'usernames', name: doc.type === 'sip' ? doc.username : '' };
  return undefined;
}

export class PhonesConfiguration {
  readonly #commands: Commands;
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  readonly #config: Config;
  #trunks: readonly Trunk[] = [];
  #trunkEdition = '';
  #trunksAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor({ commands, runner, prefix, config }: { commands: Commands; runner: ScriptRunner; prefix: string; config: Config }) {
    this.#commands = commands;
    this.#runner = runner;
    this.#prefix = prefix;
    this.#config = config;
  }

  async apply(entries: readonly PhonesConfigEntry[]): Promise<number> {
    let applied = 0;
    for (const entry of entries) {
      const scope = await this.#config.scopeOf(entry.accountId as AccountId);
      if (scope && (await this.#applyOne(scope, entry))) applied++;
    }
    return applied;
  }

  /** First the directory, then the copy with its version: who is killed in between does both again. */
  async #applyOne(scope: Scope, entry: PhonesConfigEntry): Promise<boolean> {
    const doc = entry.doc ? phonesConfigDoc.parse(entry.doc) : undefined;
    const standing = await this.#runner.retrying(() =>
      this.#runner.redis.hget(this.#key(scope, `pv:${scope.accountId}`), `${entry.kind}:${entry.id}`),
    );
    if (Number(standing ?? 0) >= entry.version) return false;
    const [old, now] = [publicName(await this.#read(scope, entry.kind, entry.id)), publicName(doc)];
    const hash = (now ?? old)?.hash;
    if (hash)
      await this.#runner.run('pointDirectory', directoryPrefix(this.#prefix), [
        hash,
        `${entry.accountId}|${entry.id}`,
        old?.name ?? '',
        now?.name ?? '',
      ]);
    if (entry.kind === 'trunk') {
      const text = doc ? `${entry.accountId}|${JSON.stringify(doc)}` : '';
      await this.#runner.run('putTrunk', directoryPrefix(this.#prefix), [entry.id, text]);
      this.#trunksAt = Number.NEGATIVE_INFINITY;
    }
    const reply = await this.#commands.run('applyPhones', scope.partition, [
      entry.kind,
      entry.id,
      entry.accountId,
      entry.version,
      doc ? JSON.stringify(doc) : '',
    ]);
    return !isRefused(reply) && reply[1] === 1;
  }

  async versions(accountId: AccountId): Promise<Map<string, number>> {
    const scope = await this.#config.scopeOf(accountId);
    if (!scope) return new Map();
    const flat = await this.#runner.retrying(() => this.#runner.redis.hgetall(this.#key(scope, `pv:${accountId}`)));
    return new Map(Object.entries(flat).map(([entry, version]) => [entry, Number(version)]));
  }

  async number(dialled: string, accountId?: AccountId): Promise<{ scope: Scope; doc: NumberDoc } | undefined> {
    const own = accountId === undefined ? undefined : await this.#config.scopeOf(accountId);
    if (own) {
      const id = await this.#runner.retrying(() => this.#runner.redis.hget(this.#key(own, `pn:${own.accountId}`), dialled));
      const doc = id === null ? undefined : await this.#read(own, 'number', id);
      if (doc?.kind === 'number' && doc.isActive && doc.number === dialled) return { scope: own, doc };
    }
    const found = await this.#pointedTo('numbers', dialled, 'number');
    return found?.doc.kind === 'number' && found.doc.isActive && found.doc.number === dialled
      ? { scope: found.scope, doc: found.doc }
      : undefined;
  }

  async phoneByUsername(username: string): Promise<{ scope: Scope; doc: PhoneDoc } | undefined> {
    const found = await this.#pointedTo('usernames', username, 'phone');
    const isIt = found?.doc.kind === 'phone' && found.doc.type === 'sip' && found.doc.isActive && found.doc.username === username;
    return isIt ? { scope: found.scope, doc: found.doc as PhoneDoc } : undefined;
  }

  async phoneByExtension(scope: Scope, extension: string): Promise<PhoneDoc | undefined> {
    const id = await this.#runner.retrying(() => this.#runner.redis.hget(this.#key(scope, `pe:${scope.accountId}`), extension));
    const doc = id === null ? undefined : await this.#read(scope, 'phone', id);
    return doc?.kind === 'phone' && doc.type === 'sip' && doc.isActive && doc.extension === extension ? doc : undefined;
  }

  async phonesOf(scope: Scope, agentId: UserId): Promise<PhoneDoc[]> {
    const ids = await this.#runner.retrying(() => this.#runner.redis.smembers(this.#key(scope, `pph:${agentId}`)));
    const docs = await Promise.all(ids.sort().map((id) => this.#read(scope, 'phone', id)));
    return docs.filter((doc): doc is PhoneDoc => doc?.kind === 'phone' && doc.isActive && doc.userId === agentId);
  }

  /** While Redis is away those that were known stay. @throws AppError unavailable when none were ever read */
  async trunks(): Promise<readonly Trunk[]> {
    if (performance.now() - this.#trunksAt < TRUNKS_MS) return this.#trunks;
    this.#reading ??= this.#readTrunks().finally(() => {
      this.#reading = undefined;
    });
    try {
      await this.#reading;
    } catch (error) {
      if (this.#trunkEdition === '') throw error;
    }
    return this.#trunks;
  }

  async #readTrunks(): Promise<void> {
    const { redis } = this.#runner;
    const edition = (await this.#runner.retrying(() => redis.get(directoryKey(this.#prefix, 'trunkEdition')))) ?? '0';
    if (edition !== this.#trunkEdition) {
      const all = await this.#runner.retrying(() => redis.hgetall(directoryKey(this.#prefix, 'trunks')));
      const trunks: Trunk[] = [];
      for (const text of Object.values(all)) {
        const bar = text.indexOf('|');
        const scope = await this.#config.scopeOf(text.slice(0, bar) as AccountId);
        if (scope) trunks.push({ scope, doc: trunkDoc.parse(JSON.parse(text.slice(bar + 1))) });
      }
      this.#trunks = trunks.sort((left, right) => (left.doc.id < right.doc.id ? -1 : 1));
      this.#trunkEdition = edition;
    }
    this.#trunksAt = performance.now();
  }

  async #pointedTo(
    hash: 'numbers' | 'usernames',
    name: string,
    kind: PhonesConfigDoc['kind'],
  ): Promise<{ scope: Scope; doc: PhonesConfigDoc } | undefined> {
    const place = await this.#runner.retrying(() => this.#runner.redis.hget(directoryKey(this.#prefix, hash), name));
    if (place === null) return undefined;
    const [accountId, id = ''] = place.split('|') as [AccountId, string?];
    const scope = await this.#config.scopeOf(accountId);
    const doc = scope && (await this.#read(scope, kind, id));
    return scope && doc ? { scope, doc } : undefined;
  }

  async #read(scope: Scope, kind: PhonesConfigDoc['kind'], id: string): Promise<PhonesConfigDoc | undefined> {
    const text = await this.#runner.retrying(() => this.#runner.redis.get(this.#key(scope, `pd:${kind}:${id}`)));
    if (text === null) return undefined;
    const doc = phonesConfigDoc.parse(JSON.parse(text));
    return doc.accountId === scope.accountId ? doc : undefined;
  }

  #key(scope: Scope, name: string): string {
    return `${partitionKey(this.#prefix, scope.partition)}:${name}`;
  }
}
