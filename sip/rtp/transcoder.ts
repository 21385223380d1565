/** Turns packets of one codec into another's, in place; all have as many bytes. One per listener that hears one of another codec; keeps the codecs' state. */
import { decodeG711, encodeG711, translateG711 } from './g711.ts';
import { G722Decoder, G722Encoder } from './g722.ts';
import type { Codec } from './protocol.ts';

export class Transcoder {
  readonly from: Codec;
  readonly to: Codec;
  readonly #decoder = new G722Decoder();
  readonly #encoder = new G722Encoder();
  #samples = new Int16Array(160);

  constructor(from: Codec, to: Codec) {
    this.from = from;
    this.to = to;
  }

  apply(codes: Uint8Array): void {
    const { from, to } = this;
    if (from === to) return;
    if (from !== 'G722' && to !== 'G722') return translateG711(from, codes);
    if (this.#samples.length !== codes.length) this.#samples = new Int16Array(codes.length);
    if (from === 'G722') this.#decoder.decode(codes, this.#samples);
    else decodeG711(from, codes, this.#samples);
    if (to === 'G722') this.#encoder.encode(this.#samples, codes);
    else encodeG711(to, this.#samples, codes);
  }
}
