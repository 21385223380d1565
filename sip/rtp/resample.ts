/**
 * Changes the sampling rate by a windowed sinc (Kaiser, about 80 dB): nothing above the new half rate folds back into what is heard. Whole sounds only, at
 * upload; gives way to other work every 20 ms or so.
 */
const ZERO_CROSSINGS = 20;
const KAISER_BETA = 8;
/** Of the lower half rate: where the filter begins to fall. */
const PASS = 0.92;
const SAMPLES_AT_ONCE = 20_000;

export async function resample(samples: Float32Array, from: number, to: number): Promise<Float32Array> {
  if (from === to) return samples;
  const cutoff = Math.min(1, to / from) * PASS;
  const reach = Math.ceil(ZERO_CROSSINGS / cutoff);
  const phases = to / greatestDivisor(from, to);
  const kernels = new Map<number, Float32Array>();
  const result = new Float32Array(Math.floor((samples.length * to) / from));
  for (let index = 0; index < result.length; index++) {
    const center = Math.floor((index * from) / to);
    const phase = index % phases;
    let kernel = kernels.get(phase);
    if (!kernel) kernels.set(phase, (kernel = makeKernel((index * from) / to - center, reach, cutoff)));
    let sum = 0;
    const first = Math.max(0, center - reach);
    const last = Math.min(samples.length - 1, center + reach + 1);
    for (let at = first; at <= last; at++) sum += (samples[at] as number) * (kernel[at - center + reach] as number);
    result[index] = sum;
    if (index % SAMPLES_AT_ONCE === SAMPLES_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return result;
}

/** Weights of the samples from `reach` before to `reach + 1` behind a point `offset` after a sample; their sum is 1. */
function makeKernel(offset: number, reach: number, cutoff: number): Float32Array {
  const kernel = new Float32Array(2 * reach + 2);
  let sum = 0;
  for (let index = 0; index < kernel.length; index++) {
    const distance = index - reach - offset;
    const window =
      Math.abs(distance) >= reach + 1 ? 0 : bessel(KAISER_BETA * Math.sqrt(1 - (distance / (reach + 1)) ** 2)) / bessel(KAISER_BETA);
    const x = Math.PI * cutoff * distance;
    kernel[index] = window * (x === 0 ? 1 : Math.sin(x) / x);
    sum += kernel[index] as number;
  }
  return kernel.map((weight) => weight / sum);
}

/** Modified Bessel function of order zero. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-10 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
