/**
 * A playback under way on one leg: a place in pieces that are encoded once and shared by all legs. Music is where the clock says, so that everybody hears
 * it alike; a prompt begins at its beginning. Reading never waits.
 */
import { SILENCE } from './codecs.ts';
import { UNITS_PER_MS } from './outgoing.ts';
import type { Codec, Playback } from './protocol.ts';

/** What is played, in one codec: 8 bytes a millisecond. */
export interface Track {
  readonly codec: Codec;
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

export class Player {
  readonly id: string;
  readonly request: Playback;
  #track: Track;
  #piece = 0;
  /** In the piece. */
  #at = 0;

  constructor(request: Playback, track: Track, now: number) {
    this.id = request.id;
    this.request = request;
    this.#track = track;
    if (request.isShared && track.length > 0) this.skip(Math.floor((now * UNITS_PER_MS) % track.length));
  }

  get codec(): Codec {
    return this.#track.codec;
  }

  /** The phone changed its codec: goes on in the other encoding, at the same place. */
  recode(track: Track): void {
    this.#track = track;
  }

  /** Fills `units` bytes at `at`. @returns false: there was nothing left */
  read(bytes: Uint8Array, at: number, units: number): boolean {
    let piece = this.#track.pieces[this.#piece];
    if (piece && piece.length - this.#at >= units) {
      bytes.set(piece.subarray(this.#at, this.#at + units), at);
      this.#at += units;
      return true;
    }
    let filled = 0;
    while (filled < units && (piece = this.#current())) {
      const taken = Math.min(units - filled, piece.length - this.#at);
      bytes.set(piece.subarray(this.#at, this.#at + taken), at + filled);
      filled += taken;
      this.#at += taken;
    }
    bytes.fill(SILENCE[this.codec], at + filled, at + units);
    return filled > 0;
  }

  skip(units: number): void {
    let left = units;
    for (let piece = this.#current(); piece && left > 0; piece = this.#current()) {
      const taken = Math.min(left, piece.length - this.#at);
      this.#at += taken;
      left -= taken;
    }
  }

  /** The piece with something left to read. */
  #current(): Uint8Array | undefined {
    const { pieces, length } = this.#track;
    for (;;) {
      const piece = pieces[this.#piece];
      if (piece && this.#at < piece.length) return piece;
      if (!piece && !(this.request.loop && length > 0)) return undefined;
      this.#piece = piece ? this.#piece + 1 : 0;
      this.#at = 0;
    }
  }
}
