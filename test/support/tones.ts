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

/**
 * How alike what was heard is to the place of `source` that fits best: correlation, 0 to 1. The place is found by the first 40 ms heard; `source` is taken as
 * repeated for ever. What is NaN was not heard and is passed over.
 */
export function likeness(heard: Int16Array | Float32Array, source: Int16Array): number {
  const beginning = heard.subarray(0, 320);
  let best = 0;
  let place = 0;
  for (let at = 0; at < source.length; at++) {
    const found = correlation(beginning, source, at);
    if (found > best) [best, place] = [found, at];
  }
  return correlation(heard, source, place);
}

function correlation(heard: Int16Array | Float32Array, source: Int16Array, place: number): number {
  let product = 0;
  let heardPower = 0;
  let sourcePower = 0;
  for (let index = 0, at = place; index < heard.length; index++, at++) {
    if (at === source.length) at = 0;
    const a = heard[index] as number;
    const b = source[at] as number;
    if (Number.isNaN(a)) continue;
    product += a * b;
    heardPower += a * a;
    sourcePower += b * b;
  }
  return heardPower === 0 || sourcePower === 0 ? 0 : product / Math.sqrt(heardPower * sourcePower);
}
