/**
 * What Redis lets expire by its own clock, which does not run in virtual time: what a closed interaction leaves, and the memory of a contact's last agent
 * (RTE-11). Both are removed here when the virtual time has come; so a long run does not fill the memory, and stickiness lasts as long as the queue says.
 */
import type { ContactId } from '../../src/base/ids.ts';
import { partitionKey } from '../keys.ts';
import { numberOf } from './ids.ts';
import type { Told } from './observer.ts';
import type { Stage } from './run.ts';

const CLOSED_KEPT_MS = 900_000;
const REMOVED_AT_ONCE = 500;

export class Leftovers {
  readonly #stage: Stage;
  readonly #base: string;
  readonly #closed: { readonly until: number; readonly keys: readonly string[] }[] = [];
  /** Until when contacts remember their last agent. */
  readonly #memories = new Map<ContactId, number>();
  #toKeep: string[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#base = partitionKey(stage.engine.core.prefix, stage.center.scope.partition);
  }

  /** @param isLast nobody who comes later can be the contact */
  hear(told: Told, contactOf: (number: number) => { readonly id: ContactId; readonly isLast: boolean }): void {
    if (told.type !== 'interaction.closed') return;
    const { i, q, a } = told.body;
    const number = numberOf(i);
    const contact = contactOf(number);
    const keys = ['i', 'f:conversation', 'dd', 'de', 'ic'].map((kind) => `${this.#base}:${kind}:${i}`);
    keys.push(`${this.#base}:x:start:${contact.id}:${number}`);
    if (a !== '') keys.push(`${this.#base}:x:close:${a}:${closingKey(number)}`);
    if (contact.isLast) keys.push(`${this.#base}:v:${contact.id}`);
    this.#closed.push({ until: told.at + CLOSED_KEPT_MS, keys });
    const queue = this.#stage.center.queues[numberOf(q)]?.doc;
    if (a === '' || !queue || queue.stickyWaitMs === 0) return;
    this.#memories.set(contact.id, told.at + queue.stickyMemoryMs);
    this.#toKeep.push(`${this.#base}:la:${contact.id}`);
  }

  /** Before the contact comes again. */
  async forget(contact: ContactId): Promise<void> {
    const until = this.#memories.get(contact);
    if (until === undefined || until > this.#stage.now()) return;
    this.#memories.delete(contact);
    const { runner } = this.#stage.engine.core;
    await runner.retrying(() => runner.redis.unlink(`${this.#base}:la:${contact}`));
  }

  /** After each step. */
  async tidy(): Promise<void> {
    const { runner } = this.#stage.engine.core;
    for (const key of this.#toKeep.splice(0)) await runner.retrying(() => runner.redis.persist(key));
    const last = this.#closed[REMOVED_AT_ONCE - 1];
    if (last === undefined || last.until > this.#stage.now()) return;
    const keys = this.#closed.splice(0, REMOVED_AT_ONCE).flatMap((each) => each.keys);
    await runner.retrying(() => runner.redis.unlink(...keys));
  }
}

/** Under which an agent closes an interaction. */
export const closingKey = (number: number): string => `close-${number}`;
