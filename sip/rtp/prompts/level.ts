/**
 * Brings a sound to a loudness: prompts of all languages, and the music under them, shall be heard alike. Peaks alone say little: a voice with hard consonants is
 * quiet between them. What would be cut off by that is rounded instead. Used when the sounds are made.
 */
const FULL = 32_768;
/** 20 ms at 8 kHz. */
const FRAME = 160;
/** Quieter frames are pauses. */
const PAUSE_DB = -40;
/** From here on peaks are rounded, up to the top. */
const KNEE = 0.5 * FULL;
const TOP = 0.89 * FULL;
const ROUNDS = 6;

/** `db`: of what is not a pause, against full scale (the mean square of its samples). */
export function atLevel(samples: Int16Array, db: number): Int16Array {
  let gain = 1;
  let levelled = samples;
  // Rounding takes a little of the level away, which the next round gives back.
  for (let round = 0; round < ROUNDS; round++) {
    gain *= 10 ** ((db - activeLevel(levelled)) / 20);
    levelled = Int16Array.from(samples, (sample) => rounded(sample * gain));
  }
  return levelled;
}

function rounded(sample: number): number {
  const size = Math.abs(sample);
  if (size <= KNEE) return Math.round(sample);
  return Math.round(Math.sign(sample) * (KNEE + (TOP - KNEE) * Math.tanh((size - KNEE) / (TOP - KNEE))));
}

function activeLevel(samples: Int16Array): number {
  let power = 0;
  let frames = 0;
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    const frame = samples.subarray(at, at + FRAME).reduce((sum, sample) => sum + sample * sample, 0) / FRAME;
    if (decibels(frame) <= PAUSE_DB) continue;
    power += frame;
    frames++;
  }
  return decibels(power / Math.max(1, frames));
}

const decibels = (power: number): number => 10 * Math.log10(power / FULL ** 2);
