/**
 * What is told to Redis about calls and nobody waits for: who carries on with it, how it stands, the records of its legs. Redis waits for the disk once for all it is
 * told in one go, and answers nobody meanwhile; so notes gather for a moment and leave together, in the order in which they were made: with the next command that has
 * to leave anyway (`flush`), or alone. Made by the application, which flushes them when it closes.
 */
const GATHER_MS = 50;

export class Notes {
  #gathered: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `work` begins within a moment, and must not throw. */
  add(work: () => void): void {
    this.#gathered.push(work);
    this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const work of this.#gathered.splice(0)) work();
  }
}
