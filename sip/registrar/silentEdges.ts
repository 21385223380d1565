/**
 * Registrations that lapsed because their edge fell silent. When the very process is heard again (it stood still, or Redis was not reached), the phones behind it know nothing
 * of all that and would not register for minutes: their bindings are put back, unless they registered elsewhere meanwhile. Over UDP alone, for a connection may have gone
 * with the silence. Kept by the registrar whose turn it was to let them lapse.
 */
import type { Engine } from '../../queues/engine.ts';

type Lapsed = Awaited<ReturnType<Engine['phones']['takeLapsed']>>[number];

const MOST_KEPT = 100_000;

export class SilentEdges {
  readonly #engine: Pick<Engine, 'phones'>;
  readonly #now: () => number;
  readonly #lapsed = new Map<string, Lapsed[]>();
  #count = 0;

  constructor(engine: Pick<Engine, 'phones'>, now: () => number) {
    this.#engine = engine;
    this.#now = now;
  }

  remember(lapsed: Lapsed): void {
    const { edge, flow, expiresAt } = lapsed.binding;
    if (!flow.endsWith(';transport=udp') || expiresAt <= this.#now() || this.#count >= MOST_KEPT) return;
    const known = this.#lapsed.get(edge) ?? [];
    known.push(lapsed);
    this.#lapsed.set(edge, known);
    this.#count++;
  }

  /** @returns how many were put back. @throws AppError unavailable; what was not put back is tried again */
  async rebind(): Promise<number> {
    if (this.#count === 0) return 0;
    const there = await this.#engine.phones.liveEdges();
    let back = 0;
    for (const [edge, all] of this.#lapsed) {
      while (there.has(edge) && all.length > 0) {
        if (await this.#putBack(all[0] as Lapsed)) back++;
        all.shift();
      }
      const live = all.filter(({ binding }) => binding.expiresAt > this.#now());
      if (live.length > 0) this.#lapsed.set(edge, live);
      else this.#lapsed.delete(edge);
    }
    this.#count = [...this.#lapsed.values()].reduce((sum, { length }) => sum + length, 0);
    return back;
  }

  async #putBack({ scope, agentId, binding }: Lapsed): Promise<boolean> {
    if (binding.expiresAt <= this.#now()) return false;
    const { phones } = this.#engine;
    const standing = await phones.bindings(scope, binding.phoneId);
    if (standing.some(({ instance }) => instance === binding.instance)) return false;
    const phone = agentId === '' ? undefined : (await phones.phonesOf(scope, agentId)).find(({ id }) => id === binding.phoneId);
    return (await phones.bind(scope, agentId, binding, phone?.name)).isAccepted;
  }
}
