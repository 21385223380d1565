/**
 * Mixes for those of a call who hear several: every 20 ms each sender is decoded once, and each listener gets the sum of just those it hears (never itself),
 * saturated, in its own codec. Made by the call while somebody needs a mix.
 * G.722 takes part with its lower band (to 4 kHz).
 */
import { decodeG711, encodeG711 } from './g711.ts';
import { G722Decoder, G722Encoder } from './g722.ts';
import { JitterBuffer } from './jitter.ts';
import type { Leg, MixInput } from './leg.ts';
import type { Pacer, Seat } from './pacer.ts';
import type { RtpPacket } from './packet.ts';
import type { Codec } from './protocol.ts';

const FRAME = 160;
const FRAME_MS = 20;

class Input implements MixInput {
  readonly frame = new Int16Array(FRAME);
  readonly #buffer = new JitterBuffer();
  #decoder: G722Decoder | undefined;
  #samples = new Int16Array(FRAME);

  put({ bytes, payloadStart, payloadEnd, timestamp }: RtpPacket, codec: Codec): void {
    const codes = bytes.subarray(payloadStart, payloadEnd);
    if (codes.length === 0) return;
    if (this.#samples.length !== codes.length) this.#samples = new Int16Array(codes.length);
    if (codec === 'G722') (this.#decoder ??= new G722Decoder()).decode(codes, this.#samples);
    else decodeG711(codec, codes, this.#samples);
    this.#buffer.write(timestamp, this.#samples);
  }

  advance(): void {
    this.#buffer.read(this.frame);
  }
}

interface Output {
  readonly heard: readonly Input[];
  readonly encoder: G722Encoder;
}

export class Mixer {
  readonly #pacer: Pacer;
  readonly #inputs = new Map<Leg, Input>();
  readonly #outputs = new Map<Leg, Output>();
  readonly #sum = new Int16Array(FRAME);
  readonly #codes = new Uint8Array(FRAME);
  #seat: Seat | undefined;

  constructor(pacer: Pacer) {
    this.#pacer = pacer;
  }

  /** Listener → those it hears, two or more. Who stays keeps its state. */
  mix(mixes: ReadonlyMap<Leg, readonly Leg[]>): void {
    const speakers = new Set([...mixes.values()].flat());
    for (const leg of [...this.#inputs.keys()]) if (!speakers.has(leg)) this.#inputs.delete(leg);
    for (const leg of speakers) if (!this.#inputs.has(leg)) this.#inputs.set(leg, new Input());
    for (const leg of [...this.#outputs.keys()]) if (!mixes.has(leg)) this.#outputs.delete(leg);
    for (const [leg, heard] of mixes) {
      const encoder = this.#outputs.get(leg)?.encoder ?? new G722Encoder();
      this.#outputs.set(leg, { heard: heard.map((other) => this.#inputs.get(other) as Input), encoder });
    }
    if (mixes.size > 0) this.#seat ??= this.#pacer.seat(this, FRAME_MS);
  }

  inputOf(leg: Leg): MixInput | undefined {
    return this.#inputs.get(leg);
  }

  tick(now: number, missed: number): void {
    for (const input of this.#inputs.values()) for (let step = 0; step <= missed; step++) input.advance();
    for (const [leg, { heard, encoder }] of this.#outputs) {
      const codec = leg.remote?.codec;
      if (!codec) continue;
      this.#add(heard);
      if (codec === 'G722') encoder.encode(this.#sum, this.#codes);
      else encodeG711(codec, this.#sum, this.#codes);
      leg.hearMix(this, this.#codes, missed, now);
    }
  }

  close(): void {
    if (this.#seat) this.#pacer.leave(this.#seat);
    this.#seat = undefined;
    this.#inputs.clear();
    this.#outputs.clear();
  }

  #add(heard: readonly Input[]): void {
    for (let index = 0; index < FRAME; index++) {
      let sum = 0;
      for (const { frame } of heard) sum += frame[index] as number;
      this.#sum[index] = sum > 32_767 ? 32_767 : Math.max(sum, -32_768);
    }
  }
}
