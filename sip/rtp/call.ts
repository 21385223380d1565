/**
 * The legs of a call and who hears whom. Made by `Media` for the first leg. Whoever hears exactly one other is relayed to without decoding what has the
 * same codec; who hears several gets a mix of just those. Wiring is computed anew at every change, never patched.
 */
import type { Leg } from './leg.ts';
import { Mixer } from './mixer.ts';
import type { Pacer } from './pacer.ts';

export class Call {
  readonly id: string;
  /** Whose it is; changes by adoption. */
  application: string;
  readonly legs = new Map<string, Leg>();
  #hears: Readonly<Record<string, readonly string[]>> = {};
  #mixer: Mixer | undefined;
  readonly #pacer: Pacer;

  constructor(id: string, application: string, pacer: Pacer) {
    this.id = id;
    this.application = application;
    this.#pacer = pacer;
  }

  /** Listener → those it hears. Names that are no legs of this call, and itself, are nobody. */
  hear(hears: Readonly<Record<string, readonly string[]>>): void {
    this.#hears = hears;
    this.rewire();
  }

  add(leg: Leg): void {
    this.legs.set(leg.id, leg);
    this.rewire();
  }

  remove(leg: Leg): void {
    this.legs.delete(leg.id);
    leg.listeners = [];
    leg.mixInput = undefined;
    this.rewire();
  }

  /** After a change of legs, of who hears whom, of a direction, a codec or a mute. */
  rewire(): void {
    const listeners = new Map<Leg, Leg[]>();
    const mixes = new Map<Leg, readonly Leg[]>();
    for (const leg of this.legs.values()) {
      const heard = leg.mayHear ? this.#heardBy(leg) : [];
      if (heard.length > 1) mixes.set(leg, heard);
      const [one] = heard;
      if (heard.length === 1 && one) listeners.set(one, [...(listeners.get(one) ?? []), leg]);
    }
    for (const leg of this.legs.values()) leg.listeners = listeners.get(leg) ?? [];
    this.#mix(mixes);
  }

  close(): void {
    this.#mixer?.close();
    this.#mixer = undefined;
  }

  #heardBy(leg: Leg): Leg[] {
    const heard: Leg[] = [];
    for (const id of new Set(this.#hears[leg.id] ?? [])) {
      const other = this.legs.get(id);
      if (other && other !== leg && other.maySpeak) heard.push(other);
    }
    return heard;
  }

  #mix(mixes: ReadonlyMap<Leg, readonly Leg[]>): void {
    if (mixes.size > 0) this.#mixer ??= new Mixer(this.#pacer);
    this.#mixer?.mix(mixes);
    for (const leg of this.legs.values()) leg.mixInput = this.#mixer?.inputOf(leg);
    if (mixes.size === 0) this.close();
  }
}
