/**
 * How many calls a trunk carries at once (VOX-6), over all nodes. A call has a place there by a name of its own, for a few seconds: who carries the call keeps it, whoever takes the
 * call over keeps it under the same name, and when nobody does any more it is free. Created by the engine.
 */
import { trunkPlacesKey } from '../keys.ts';
import type { ScriptRunner } from '../redis.ts';

/** Longer than it takes until the calls of a process that is gone are taken over. */
const HELD_MS = 15_000;
/** Places kept by one script. */
const AT_ONCE = 100;

export class TrunkPlaces {
  readonly #runner: ScriptRunner;
  readonly #prefix: string;

  constructor({ runner, prefix }: { runner: ScriptRunner; prefix: string }) {
    this.#runner = runner;
    this.#prefix = prefix;
  }

  async take(trunk: string, place: string, most: number): Promise<boolean> {
    return (await this.#runner.run('holdPlaces', trunkPlacesKey(this.#prefix, trunk), [HELD_MS, most, place])) === 1;
  }

  async keep(trunk: string, places: readonly string[]): Promise<void> {
    const key = trunkPlacesKey(this.#prefix, trunk);
    for (let from = 0; from < places.length; from += AT_ONCE)
      await this.#runner.run('holdPlaces', key, [HELD_MS, '', ...places.slice(from, from + AT_ONCE)]);
  }

  async leave(trunk: string, place: string): Promise<void> {
    const key = trunkPlacesKey(this.#prefix, trunk);
    await this.#runner.retrying(() => this.#runner.redis.zrem(key, place), key);
  }
}
