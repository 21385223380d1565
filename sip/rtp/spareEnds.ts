/**
 * Ends of media that applications asked for before they have legs for them: the phone of an agent rings the moment the agent is known, and no answer of this process is
 * waited for. Made by `Media`, one per process. An end is a pair of ports; it is its application's until a leg takes it, or the application's connection goes.
 */
import type { PortPair } from './ports.ts';

/** Of one application: more would only keep ports from legs. */
const MOST_OF_ONE = 32;

export class SpareEnds {
  readonly #openPair: () => Promise<PortPair>;
  readonly #ofApplication = new Map<string, Map<string, PortPair>>();

  constructor(openPair: () => Promise<PortPair>) {
    this.#openPair = openPair;
  }

  /** @return the end of that name; undefined: there are too many, or the application went. @throws as opening the pair does */
  async open(application: string, end: string): Promise<PortPair | undefined> {
    let own = this.#ofApplication.get(application);
    if (!own) this.#ofApplication.set(application, (own = new Map()));
    const known = own.get(end);
    if (known || own.size >= MOST_OF_ONE) return known;
    const pair = await this.#openPair();
    if (this.#ofApplication.get(application) === own && !own.has(end)) {
      own.set(end, pair);
      return pair;
    }
    pair.close();
    return undefined;
  }

  /** For a leg, which owns it from now on. */
  take(application: string, end: string): PortPair | undefined {
    const own = this.#ofApplication.get(application);
    const pair = own?.get(end);
    own?.delete(end);
    return pair;
  }

  /** Of an application whose connection is gone. */
  drop(application: string): void {
    const own = this.#ofApplication.get(application);
    this.#ofApplication.delete(application);
    for (const pair of own?.values() ?? []) pair.close();
  }

  close(): void {
    for (const application of [...this.#ofApplication.keys()]) this.drop(application);
  }
}
