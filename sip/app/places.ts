/** The places at trunks of the calls that this process carries, kept for as long as it lives (`queues/phones/trunkPlaces.ts`). Made by `dialOut.ts`. */
import type { Phones } from '../../queues/phones.ts';
import { newId } from '../../src/base/ids.ts';

export class Places {
  readonly #phones: Pick<Phones, 'takePlace' | 'keepPlaces' | 'leavePlace'>;
  /** Trunks by the names of places. */
  readonly #held = new Map<string, string>();

  constructor(phones: Pick<Phones, 'takePlace' | 'keepPlaces' | 'leavePlace'>) {
    this.#phones = phones;
  }

  /** Its name; undefined: all are taken. */
  async take(trunk: string, most: number): Promise<string | undefined> {
    const place = newId('connection');
    if (!(await this.#phones.takePlace(trunk, place, most))) return undefined;
    this.#held.set(place, trunk);
    return place;
  }

  /** One that another process took. */
  takeOver(trunk: string, place: string): void {
    this.#held.set(place, trunk);
    void this.#phones.keepPlaces(trunk, [place]).catch(() => undefined);
  }

  leave(place: string): void {
    const trunk = this.#held.get(place);
    if (trunk === undefined) return;
    this.#held.delete(place);
    // Where that does not reach Redis, nobody keeps it.
    void this.#phones.leavePlace(trunk, place).catch(() => undefined);
  }

  async keep(): Promise<void> {
    const byTrunk = Map.groupBy(this.#held, ([, trunk]) => trunk);
    await Promise.all(
      [...byTrunk].map(([trunk, held]) =>
        this.#phones.keepPlaces(
          trunk,
          held.map(([place]) => place),
        ),
      ),
    );
  }
}
