/**
 * Registrations that lapsed because their edge fell silent. When the very process is heard again (it stood still, or Redis was not reached), the phones behind it know nothing
 * of all that and would not register for minutes: their bindings are put back, unless they registered elsewhere or may register no more with what they knew. Over UDP alone,
 * for a connection may have gone with the silence. Kept by the registrar whose turn it was to let them lapse.
 */
import type { Engine } from '../../queues/engine.ts';

type Lapsed = Awaited<ReturnType<Engine['phones']['takeLapsed']>>[number];
interface Kept extends Lapsed {
  readonly right: Right;
}
/** By which somebody may register, and under which name that is shown. */
interface Right {
  readonly credentials: string;
  readonly name: string | undefined;
}

const MOST_KEPT = 100_000;

export class SilentEdges {
  readonly #engine: Pick<Engine, 'phones'>;
  readonly #now: () => number;
  readonly #lapsed = new Map<string, Kept[]>();
  #count = 0;

  constructor(engine: Pick<Engine, 'phones'>, now: () => number) {
    this.#engine = engine;
    this.#now = now;
  }

  /** @throws AppError unavailable: it is not remembered then */
  async remember(lapsed: Lapsed): Promise<void> {
    const { edge, flow, expiresAt } = lapsed.binding;
    if (!flow.endsWith(';transport=udp') || expiresAt <= this.#now() || this.#count >= MOST_KEPT) return;
    const right = await this.#rightOf(lapsed);
    if (!right) return;
    const known = this.#lapsed.get(edge) ?? [];
    known.push({ ...lapsed, right });
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
        if (await this.#putBack(all[0] as Kept)) back++;
        all.shift();
      }
      const live = all.filter(({ binding }) => binding.expiresAt > this.#now());
      if (live.length > 0) this.#lapsed.set(edge, live);
      else this.#lapsed.delete(edge);
    }
    this.#count = [...this.#lapsed.values()].reduce((sum, { length }) => sum + length, 0);
    return back;
  }

  async #putBack(kept: Kept): Promise<boolean> {
    const { scope, agentId, binding } = kept;
    if (binding.expiresAt <= this.#now()) return false;
    const { phones } = this.#engine;
    const [right, standing] = await Promise.all([this.#rightOf(kept), phones.bindings(scope, binding.phoneId)]);
    if (right?.credentials !== kept.right.credentials || standing.some(({ instance }) => instance === binding.instance)) return false;
    return (await phones.bind(scope, agentId, binding, right.name)).isAccepted;
  }

  /** undefined: there is no such phone of the agent or trunk, or it is switched off. */
  async #rightOf({ scope, agentId, binding: { phoneId } }: Lapsed): Promise<Right | undefined> {
    const { phones } = this.#engine;
    if (agentId !== '') {
      const phone = (await phones.phonesOf(scope, agentId)).find(({ id }) => id === phoneId);
      return phone && { credentials: [phone.username, phone.sealedHa1, phone.sealedHa1Sha256].join(' '), name: phone.name };
    }
    const trunk = (await phones.trunks()).find(({ doc }) => doc.id === phoneId && doc.isActive)?.doc;
    return trunk && { credentials: [trunk.type, trunk.username, trunk.sealedSecret].join(' '), name: undefined };
  }
}
