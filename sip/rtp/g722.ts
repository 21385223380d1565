/**
 * The lower sub-band of G.722 (ITU-T G.722 (2012), 64 kbit/s): 8 kHz samples to and from its codes, for mixing with G.711 and for prompts. Above 4 kHz
 * nothing is said and nothing heard; two G.722 phones by themselves are passed through untouched and keep their full band. State runs on from
 * call to call, as the codec's does; one encoder per stream sent, one decoder per stream heard. Names follow the recommendation's block diagrams.
 */

const Q6 = [
  0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980,
  2195, 2557, 2919,
] as const;
const QM4 = Int16Array.of(0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0);
const QM6 = Int16Array.of(
  -136,
  -136,
  -136,
  -136,
  -24808,
  -21904,
  -19008,
  -16704,
  -14984,
  -13512,
  -12280,
  -11192,
  -10232,
  -9360,
  -8576,
  -7856,
  -7192,
  -6576,
  -6000,
  -5456,
  -4944,
  -4464,
  -4008,
  -3576,
  -3168,
  -2776,
  -2400,
  -2032,
  -1688,
  -1360,
  -1040,
  -728,
  24808,
  21904,
  19008,
  16704,
  14984,
  13512,
  12280,
  11192,
  10232,
  9360,
  8576,
  7856,
  7192,
  6576,
  6000,
  5456,
  4944,
  4464,
  4008,
  3576,
  3168,
  2776,
  2400,
  2032,
  1688,
  1360,
  1040,
  728,
  432,
  136,
  -432,
  -136,
);
/** WL of RL42: the change of the logarithmic scale factor by four-bit code. */
const WL = Int16Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);
const ILB = Int16Array.of(
  2048,
  2093,
  2139,
  2186,
  2233,
  2282,
  2332,
  2383,
  2435,
  2489,
  2543,
  2599,
  2656,
  2714,
  2774,
  2834,
  2896,
  2960,
  3025,
  3091,
  3158,
  3228,
  3298,
  3371,
  3444,
  3520,
  3597,
  3676,
  3756,
  3838,
  3922,
  4008,
);
/** Higher sub-band: the smallest step, with which its scale factor falls to the least. */
const HIGH_SILENT = 0xc0;

const saturate = (value: number): number => (value > 32_767 ? 32_767 : Math.max(value, -32_768));

/** The adaptive predictor and scale factor that encoder and decoder share. */
class LowBand {
  /** Predicted signal. */
  s = 0;
  det = 32;
  #nb = 0;
  #sz = 0;
  #a1 = 0;
  #a2 = 0;
  #r1 = 0;
  #p1 = 0;
  #p2 = 0;
  readonly #b = new Int32Array(6);
  readonly #d = new Int32Array(6);

  /** Goes on by one sample whose four upper code bits are `ril`. */
  adapt(ril: number): void {
    const difference = (this.det * (QM4[ril] as number)) >> 15;
    const nb = ((this.#nb * 127) >> 7) + (WL[ril] as number);
    this.#nb = nb < 0 ? 0 : Math.min(nb, 18_432);
    const shift = 8 - (this.#nb >> 11);
    const step = ILB[(this.#nb >> 6) & 31] as number;
    this.det = (shift < 0 ? step << -shift : step >> shift) << 2;
    this.#predict(difference);
  }

  #predict(difference: number): void {
    const r0 = saturate(this.s + difference);
    const p0 = saturate(this.#sz + difference);
    const isSame1 = p0 < 0 === this.#p1 < 0;
    const isSame2 = p0 < 0 === this.#p2 < 0;
    const fed = saturate(this.#a1 << 2);
    const turned = isSame1 ? Math.min(32_767, -fed) : fed;
    let a2 = (isSame2 ? 128 : -128) + (turned >> 7) + ((this.#a2 * 32_512) >> 15);
    a2 = a2 > 12_288 ? 12_288 : Math.max(a2, -12_288);
    let a1 = saturate((isSame1 ? 192 : -192) + ((this.#a1 * 32_640) >> 15));
    const most = saturate(15_360 - a2);
    a1 = a1 > most ? most : Math.max(a1, -most);

    const b = this.#b;
    const d = this.#d;
    const gain = difference === 0 ? 0 : 128;
    const isNegative = difference < 0;
    let sz = 0;
    let newer = difference;
    for (let index = 0; index < 6; index++) {
      const older = d[index] as number;
      const zero = saturate((older < 0 === isNegative ? gain : -gain) + (((b[index] as number) * 32_640) >> 15));
      b[index] = zero;
      d[index] = newer;
      sz += (zero * saturate(newer + newer)) >> 15;
      newer = older;
    }
    this.#sz = saturate(sz);
    const sp = saturate(((a1 * saturate(r0 + r0)) >> 15) + ((a2 * saturate(this.#r1 + this.#r1)) >> 15));
    this.#r1 = r0;
    this.#p2 = this.#p1;
    this.#p1 = p0;
    this.#a1 = a1;
    this.#a2 = a2;
    this.s = saturate(sp + this.#sz);
  }
}

export class G722Encoder {
  readonly #band = new LowBand();

  /** One code per sample, from `at` on. */
  encode(samples: Int16Array, codes: Uint8Array, at = 0): void {
    const band = this.#band;
    for (let index = 0; index < samples.length; index++) {
      const error = saturate(((samples[index] as number) >> 1) - band.s);
      const size = error >= 0 ? error : -(error + 1);
      let level = 1;
      while (level < 30 && size >= ((Q6[level] as number) * band.det) >> 12) level++;
      const code = error < 0 ? (level < 3 ? 64 - level : 34 - level) : 62 - level;
      codes[at + index] = HIGH_SILENT | code;
      band.adapt(code >> 2);
    }
  }
}

export class G722Decoder {
  readonly #band = new LowBand();

  decode(codes: Uint8Array, samples: Int16Array): void {
    const band = this.#band;
    for (let index = 0; index < codes.length; index++) {
      const code = (codes[index] as number) & 0x3f;
      const low = band.s + ((band.det * (QM6[code] as number)) >> 15);
      samples[index] = (low > 16_383 ? 16_383 : Math.max(low, -16_384)) * 2;
      band.adapt(code >> 2);
    }
  }
}
