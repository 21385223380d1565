/** Tones for tests that listen: a generator, a detector of one frequency (Goertzel), and how alike two sounds are. Samples are 16-bit at 8 kHz. */

export const RATE = 8_000;

export function sine(
  frequency: number,
  count: number,
  { amplitude = 8_000, from = 0 }: { amplitude?: number; from?: number } = {},
): Int16Array {
  return Int16Array.from({ length: count }, (_, index) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequency * (from + index)) / RATE)),
  );
}

/** Amplitude of the frequency in the samples. */
export function levelOf(samples: Int16Array, frequency: number): number {
  const step = 2 * Math.cos((2 * Math.PI * frequency) / RATE);
  let before = 0;
  let last = 0;
  for (const sample of samples) {
    const next = sample + step * last - before;
    before = last;
    last = next;
  }
  return (2 * Math.sqrt(Math.max(0, last * last + before * before - step * last * before))) / Math.max(1, samples.length);
}

/** Whether the frequency stands out: at least a fifth of a tone of `sine`'s usual amplitude. */
export const hasTone = (samples: Int16Array, frequency: number): boolean => levelOf(samples, frequency) > 1_600;

/** Best correlation (0 to 1) of `heard` with any place of `source`; `source` may be longer. Coarse search over each 8th sample, then exact. */
export function likeness(heard: Int16Array, source: Int16Array): number {
  const at = (place: number): number => {
    let product = 0;
    let heardPower = 0;
    let sourcePower = 0;
    for (let index = 0; index < heard.length; index++) {
      const a = heard[index] as number;
      const b = source[(place + index) % source.length] as number;
      product += a * b;
      heardPower += a * a;
      sourcePower += b * b;
    }
    return heardPower === 0 || sourcePower === 0 ? 0 : product / Math.sqrt(heardPower * sourcePower);
  };
  let best = 0;
  for (let place = 0; place < source.length; place++) best = Math.max(best, at(place));
  return best;
}
