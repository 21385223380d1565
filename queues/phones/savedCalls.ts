/**
 * What must be known of a call to go on with it in another process: one document a call, in a hash of the node that carries it. Who finds a node silent takes all its
 * calls in one step, so that each is taken by one only. Created by the engine.
 */
import { randomUUID } from 'node:crypto';
import type { Lease } from '../engine.ts';
import { directoryPrefix } from '../keys.ts';
import type { PhoneNode } from '../phones.ts';
import type { ScriptRunner } from '../redis.ts';

/**
 * With the time to be confirmed and between two looks it is a lease and a second: an edge keeps what nobody carries for 10 s (DESIGN §6), so that there is time to take it over
 * also where a look was late.
 */
const SILENT_MS = 3_500;
/** Looks further apart prove nothing of the time between them. */
const LOOKS_APART_MS = 2_500;
const CONFIRMED_MS = 1_500;

/** Those that were not silent for so long. */
type LiveNodes = (mostSilentMs: number) => Promise<readonly Pick<PhoneNode, 'id'>[]>;

export class SavedCalls {
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  readonly #lease: Lease;
  readonly #nodes: LiveNodes;
  #isListed = false;
  /** Told in this turn: a call's document, or that it is forgotten. */
  readonly #changes = new Map<string, string | undefined>();
  #leaving: Promise<void> | undefined;
  /** ms of this process. */
  readonly #silentSince = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: { runner: ScriptRunner; prefix: string; lease: Lease; nodes: LiveNodes }) {
    this.#runner = options.runner;
    this.#prefix = options.prefix;
    this.#lease = options.lease;
    this.#nodes = options.nodes;
  }

  save(call: string, doc: string): Promise<void> {
    return this.#change(call, doc);
  }

  forget(call: string): Promise<void> {
    return this.#change(call, undefined);
  }

  #change(call: string, doc: string | undefined): Promise<void> {
    this.#changes.set(call, doc);
    this.#leaving ??= Promise.resolve().then(() => this.#leave());
    return this.#leaving;
  }

  /** Of several calls at once: one command for what is saved, one for what is forgotten. */
  async #leave(): Promise<void> {
    const { nodeId } = this.#lease;
    const saved = [...this.#changes].flatMap(([call, doc]) => (doc === undefined ? [] : [call, doc]));
    const forgotten = [...this.#changes].flatMap(([call, doc]) => (doc === undefined ? [call] : []));
    this.#changes.clear();
    this.#leaving = undefined;
    const isListing = !this.#isListed && saved.length > 0;
    this.#isListed ||= isListing;
    const { redis } = this.#runner;
    // All written at once, so that they come in the order in which they were told.
    await Promise.all([
      isListing ? this.#runner.retrying(() => redis.sadd(this.#listKey, nodeId)) : undefined,
      saved.length > 0 ? this.#runner.retrying(() => redis.hset(this.#key(nodeId), ...saved)) : undefined,
      forgotten.length > 0 ? this.#runner.retrying(() => redis.hdel(this.#key(nodeId), ...forgotten)) : undefined,
    ]);
  }

  async own(): Promise<ReadonlySet<string>> {
    return new Set(await this.#runner.retrying(() => this.#runner.redis.hkeys(this.#key(this.#lease.nodeId))));
  }

  async areElsewhere(): Promise<boolean> {
    return (await this.#others()).length > 0;
  }

  /** Of nodes that announce themselves no more. */
  async takeLapsed(): Promise<string[]> {
    const others = await this.#others();
    if (others.length === 0) return [];
    const alive = new Set((await this.#nodes(SILENT_MS)).map(({ id }) => id));
    const docs: string[] = [];
    const now = performance.now();
    // After an outage of Redis everybody was silent, and nobody is gone.
    if (now - this.#lookedAt > LOOKS_APART_MS) this.#silentSince.clear();
    this.#lookedAt = now;
    for (const node of this.#silentSince.keys()) if (alive.has(node)) this.#silentSince.delete(node);
    for (const node of others) {
      if (alive.has(node)) continue;
      const since = this.#silentSince.get(node) ?? now;
      this.#silentSince.set(node, since);
      if (now - since >= CONFIRMED_MS) docs.push(...(await this.#take(node)));
    }
    return docs;
  }

  async #others(): Promise<string[]> {
    const listed = await this.#runner.retrying(() => this.#runner.redis.smembers(this.#listKey));
    return listed.filter((node) => node !== this.#lease.nodeId);
  }

  async #take(node: string): Promise<string[]> {
    const { redis } = this.#runner;
    const taken = this.#key(`taken-${randomUUID()}`);
    // RENAME fails for all but one, and where there is nothing to take.
    const isOurs = await redis.rename(this.#key(node), taken).then(
      () => true,
      () => false,
    );
    await redis.srem(this.#listKey, node);
    if (!isOurs) return [];
    const docs = await redis.hvals(taken);
    await redis.del(taken);
    return docs;
  }

  get #listKey(): string {
    return `${directoryPrefix(this.#prefix)}:callNodes`;
  }
  #key(node: string): string {
    return `${directoryPrefix(this.#prefix)}:calls:${node}`;
  }
}
