/** Where phones are registered: one script for each decision (`scripts/lib/bindings.lua`). Created by the engine. */

import { AppError } from '../../src/base/errors.ts';
import type { AccountId, UserId } from '../../src/base/ids.ts';
import { type Commands, isRefused } from '../commands.ts';
import type { Config, Scope } from '../engine.ts';
import { directoryKey, partitionKey } from '../keys.ts';
import type { Binding } from '../phones.ts';
import type { Reply, ScriptRunner } from '../redis.ts';
import type { PhoneNodes } from './nodes.ts';

/** Bindings ended in one script. */
const AT_ONCE = 50;

export interface Lapsed {
  readonly scope: Scope;
  readonly agentId: UserId | '';
  readonly binding: Binding;
}

/** Scripts keep these between bars. */
const word = (text: string): string => encodeURIComponent(text);
const toBindings = (json: unknown): Binding[] => (json as string[]).map((each) => JSON.parse(each) as Binding);

export class Bindings {
  readonly #commands: Commands;
  readonly #runner: ScriptRunner;
  readonly #prefix: string;
  readonly #config: Config;
  readonly #nodes: PhoneNodes;

  constructor(options: { commands: Commands; runner: ScriptRunner; prefix: string; config: Config; nodes: PhoneNodes }) {
    this.#commands = options.commands;
    this.#runner = options.runner;
    this.#prefix = options.prefix;
    this.#config = options.config;
    this.#nodes = options.nodes;
  }

  async bind(scope: Scope, agentId: UserId | '', binding: Binding, name: string) {
    const reply = await this.#run('bindPhone', scope.partition, [
      binding.phoneId,
      scope.accountId,
      agentId,
      name.replaceAll('|', ' '),
      binding.instance,
      word(binding.callId),
      binding.cseq,
      Math.max(0, binding.expiresAt - (this.#commands.virtualNow || Date.now())),
      word(binding.edge),
      word(binding.flow),
      JSON.stringify(binding),
    ]);
    return { isAccepted: reply[1] === 1, hasFirst: reply[2] === 1, bindings: toBindings(reply[3]) };
  }

  async unbind(scope: Scope, phoneId: string, instance: string, order: { callId: string; cseq: number }) {
    const reply = await this.#run('unbindPhone', scope.partition, [phoneId, scope.accountId, instance, word(order.callId), order.cseq]);
    return { isAccepted: reply[1] === 1, bindings: toBindings(reply[2]) };
  }

  async read(scope: Scope, kind: 'phone' | 'agent', id: string): Promise<Binding[]> {
    return toBindings((await this.#commands.read('readBindings', scope.partition, [this.#commands.virtualNow, kind, id])) ?? []);
  }

  async takeLapsed(limit: number): Promise<Lapsed[]> {
    const [gone, partitions] = await Promise.all([this.#nodes.goneEdges(), this.#partitions()]);
    const told: Lapsed[] = [];
    for (const partition of partitions) {
      if (told.length >= limit) break;
      const isDue = await this.#hasDue(partition);
      if (isDue) await this.#lapse(partition, ['due'], limit, told);
      for (const edge of gone.map(word)) {
        if (told.length < limit && (await this.#hasEdge(partition, edge))) await this.#lapse(partition, ['edge', edge], limit, told);
      }
    }
    return told;
  }

  async unbindFlow(edge: string, flow: string): Promise<Lapsed[]> {
    const told: Lapsed[] = [];
    for (const partition of await this.#partitions()) {
      if (await this.#hasEdge(partition, word(edge)))
        await this.#lapse(partition, ['flow', word(edge), word(flow)], Number.POSITIVE_INFINITY, told);
    }
    return told;
  }

  async #lapse(partition: number, what: readonly string[], limit: number, told: Lapsed[]): Promise<void> {
    for (let more = 1; more === 1 && told.length < limit; ) {
      const [kind = '', ...rest] = what;
      const reply = await this.#run('lapseBindings', partition, [kind, Math.min(AT_ONCE, limit - told.length), ...rest]);
      const flat = reply[1] as string[];
      for (let at = 0; at + 2 < flat.length; at += 3) {
        const scope = await this.#config.scopeOf(flat[at + 1] as AccountId);
        if (scope) told.push({ scope, agentId: flat[at] as UserId | '', binding: JSON.parse(flat[at + 2] ?? '') as Binding });
      }
      more = Number(reply[2]);
    }
  }

  async #hasDue(partition: number): Promise<boolean> {
    const { redis } = this.#runner;
    const [[, until], [now, ahead]] = await this.#runner.retrying(() =>
      Promise.all([
        redis.zrange(this.#key(partition, 'pbx'), 0, 0, 'WITHSCORES'),
        redis.hmget(this.#key(partition, 'meta'), 'now', 'ahead'),
      ]),
    );
    // The partition's time is ahead of the clock while that catches up (lib/clock), and may be a little behind or ahead of ours: the script decides.
    const time = this.#commands.virtualNow || Math.max(Number(now), Date.now() + Number(ahead)) + 1_000;
    return until !== undefined && Number(until) <= time;
  }

  async #hasEdge(partition: number, edge: string): Promise<boolean> {
    return (await this.#runner.retrying(() => this.#runner.redis.sismember(this.#key(partition, 'pbs'), edge))) === 1;
  }

  async #partitions(): Promise<number[]> {
    const known = await this.#runner.retrying(() => this.#runner.redis.smembers(directoryKey(this.#prefix, 'partitions')));
    return known.map(Number);
  }

  #key(partition: number, name: string): string {
    return `${partitionKey(this.#prefix, partition)}:${name}`;
  }

  async #run(name: string, partition: number, args: readonly (string | number)[]): Promise<Reply> {
    const reply = await this.#commands.run(name, partition, args);
    if (isRefused(reply)) throw new AppError(reply.code);
    return reply;
  }
}
