/** The calls this node carries, found by id, interaction, leg or dialog; and their last words: who carries them, and the figures of legs that closed. */
import type { LegId } from '../../src/base/ids.ts';
import type { Call } from '../flows/call.ts';
import type { Leg } from '../flows/leg.ts';
import type { Calls } from '../flows/switchboard.ts';
import type { LegStats } from '../rtp/protocol.ts';
import type { Dialog } from './dialog.ts';
import type { Deadline, Wheel } from './wheel.ts';

/** How long a leg's last figures are waited for. */
const FIGURES_MS = 3_000;

interface LegEntry {
  readonly leg: Leg;
  readonly call: Call;
  closing?: Deadline;
}

export class CarriedCalls implements Calls {
  readonly #wheel: Wheel;
  readonly #byId = new Map<string, Call>();
  readonly #byInteraction = new Map<string, Call>();
  readonly #legs = new Map<string, LegEntry>();
  readonly #emptied: (() => void)[] = [];

  constructor(wheel: Wheel) {
    this.#wheel = wheel;
  }

  get size(): number {
    return this.#byId.size;
  }
  all(): Iterable<Call> {
    return this.#byId.values();
  }
  add(call: Call): void {
    this.#byId.set(call.id, call);
    this.#byInteraction.set(call.interaction, call);
  }
  addLeg(leg: Leg, call: Call): void {
    this.#legs.set(leg.id, { leg, call });
  }
  get(id: string): Call | undefined {
    return this.#byId.get(id);
  }
  ofInteraction(id: string): Call | undefined {
    return this.#byInteraction.get(id);
  }
  ofLeg(id: LegId): LegEntry | undefined {
    return this.#legs.get(id);
  }
  ofDialog(dialog: Dialog): LegEntry | undefined {
    for (const entry of this.#legs.values()) if (entry.leg.dialog === dialog) return entry;
    return undefined;
  }

  closing(leg: Leg, call: Call): void {
    const entry = this.#legs.get(leg.id);
    if (!entry) return call.record(leg);
    entry.closing = this.#wheel.after(FIGURES_MS, () => this.closed(leg.id));
  }

  /** The media process said its last of it, or was waited for in vain. */
  closed(id: LegId, stats?: LegStats): void {
    const entry = this.#legs.get(id);
    if (!entry?.leg.isOver) return;
    entry.closing?.cancel();
    this.#legs.delete(id);
    entry.call.record(entry.leg, stats);
  }

  discard(leg: Leg): void {
    this.#legs.delete(leg.id);
  }

  remove(call: Call): void {
    this.#byId.delete(call.id);
    if (this.#byInteraction.get(call.interaction) === call) this.#byInteraction.delete(call.interaction);
    if (this.#byId.size === 0) for (const work of this.#emptied.splice(0)) work();
  }

  /** Resolves when no call is left. */
  async empty(): Promise<void> {
    if (this.#byId.size > 0) await new Promise<void>((resolve) => this.#emptied.push(resolve));
  }
}
