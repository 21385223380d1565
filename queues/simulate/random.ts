/**
 * Chance by seed. Every source of it in a simulation has a stream of its own, named after what it is for, so that a change in one place (one more
 * agent) does not change the draws of another (the arrivals): two scenarios are compared on the same traffic.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** The same seed and name give the same draws. */
  constructor(seed: number, name: string) {
    [this.#a, this.#b, this.#c] = hashed(`${seed}|${name}`);
    for (let round = 0; round < 15; round++) this.#next32();
  }

  /** Between 0 and 1, neither of them. */
  uniform(): number {
    return (this.#next32() + 0.5) / 4_294_967_296;
  }

  /** Mean 1. */
  exponential(): number {
    return -Math.log(this.uniform());
  }

  /** Mean 0, standard deviation 1 (Box and Muller). */
  normal(): number {
    return Math.sqrt(2 * this.exponential()) * Math.cos(2 * Math.PI * this.uniform());
  }

  happens(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** An index below `length`. */
  index(length: number): number {
    return Math.floor(this.uniform() * length);
  }

  /** Text for a script that draws (ARGV chance). */
  text(): string {
    return this.#next32().toString(36).padStart(7, '0');
  }

  /** sfc32 (Doty-Humphrey), 32 bits. */
  #next32(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }
}

/** Three words from a text (FNV-1a, each from another start). */
function hashed(text: string): [number, number, number] {
  const words = [0x811c9dc5, 0x01000193, 0x9e3779b9].map((start) => {
    let hash = start;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    return hash ^ (hash >>> 15);
  });
  return words as [number, number, number];
}
