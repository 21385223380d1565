/**
 * The hold music: composed for this project and played by the small synthesizer below, with nothing recorded by anybody. One minute that ends where it begins.
 * An electric piano with a slow bass and a bell for the melody, in the band that a telephone carries.
 */

export const MUSIC_RATE = 16_000;
const BEATS_PER_BAR = 4;
const BEAT_SEC = 0.625;

/** Chords of a bar as notes (MIDI), bass first. */
const CHORDS = {
  C: [48, 64, 67, 71, 74],
  Am: [57, 64, 67, 72, 76],
  F: [53, 64, 67, 69, 72],
  G: [55, 62, 64, 69, 71],
  Em: [52, 62, 64, 67, 71],
  Dm: [50, 62, 65, 69, 72],
  G7: [55, 62, 65, 69, 71],
  Fm: [53, 63, 65, 68, 72],
} as const satisfies Record<string, readonly number[]>;

const VERSE = ['C', 'Am', 'F', 'G', 'Em', 'Am', 'Dm', 'G7'] as const;
const MIDDLE = ['F', 'G', 'Em', 'Am', 'F', 'Fm', 'C', 'G7'] as const;
const BARS: readonly (keyof typeof CHORDS)[] = [...VERSE, ...MIDDLE, ...VERSE];

/** Melody: [bar, beat, note, beats]. */
const VERSE_TUNE = [
  [0, 0, 79, 1.5],
  [0, 1.5, 76, 0.5],
  [0, 2, 74, 2],
  [1, 0, 72, 1],
  [1, 1, 76, 1],
  [1, 2, 79, 2],
  [2, 0, 81, 1.5],
  [2, 1.5, 79, 0.5],
  [2, 2, 76, 1],
  [2, 3, 72, 1],
  [3, 0, 74, 3],
  [4, 0, 79, 1],
  [4, 1, 83, 1],
  [4, 2, 81, 1.5],
  [4, 3.5, 79, 0.5],
  [5, 0, 76, 2],
  [5, 2, 72, 2],
  [6, 0, 77, 1],
  [6, 1, 76, 1],
  [6, 2, 74, 1],
  [6, 3, 69, 1],
  [7, 0, 71, 1.5],
  [7, 1.5, 72, 0.5],
  [7, 2, 74, 2],
] as const;
const MIDDLE_TUNE = [
  [0, 0.5, 72, 0.5],
  [0, 1, 76, 1],
  [0, 2, 81, 2],
  [1, 0.5, 74, 0.5],
  [1, 1, 79, 1],
  [1, 2, 83, 2],
  [2, 0, 84, 1.5],
  [2, 1.5, 83, 0.5],
  [2, 2, 79, 2],
  [3, 0, 76, 1],
  [3, 1, 79, 1],
  [3, 2, 81, 2],
  [4, 0.5, 72, 0.5],
  [4, 1, 76, 1],
  [4, 2, 79, 1],
  [4, 3, 77, 1],
  [5, 0, 75, 2],
  [5, 2, 72, 2],
  [6, 0, 76, 3],
  [7, 0, 74, 1],
  [7, 1, 77, 1],
  [7, 2, 79, 2],
] as const;

interface Voice {
  /** Partial by partial: multiple of the fundamental, amplitude, seconds until it is a third. */
  readonly partials: readonly (readonly [multiple: number, amplitude: number, decaySec: number])[];
  readonly attackSec: number;
}

const PIANO: Voice = {
  partials: [
    [1, 1, 1.4],
    [2, 0.45, 0.8],
    [3, 0.18, 0.5],
    [4, 0.1, 0.3],
    [7, 0.05, 0.08],
  ],
  attackSec: 0.004,
};
const BASS: Voice = {
  partials: [
    [1, 0.7, 1.2],
    [2, 0.6, 0.9],
    [3, 0.35, 0.6],
    [4, 0.2, 0.4],
  ],
  attackSec: 0.008,
};
const BELL: Voice = {
  partials: [
    [1, 1, 1.1],
    [2, 0.25, 0.9],
    [2.76, 0.12, 0.25],
    [4, 0.06, 0.2],
  ],
  attackSec: 0.003,
};
/** Nothing above what a phone carries. */
const HIGHEST_HZ = 3_400;

/** One minute, -1 to 1, at `MUSIC_RATE`. What sounds over the end goes on at the beginning, so that it can be repeated. */
export function composeMusic(): Float32Array {
  const samples = new Float32Array(Math.round(BARS.length * BEATS_PER_BAR * BEAT_SEC * MUSIC_RATE));
  const strike = (voice: Voice, bar: number, beat: number, note: number, beats: number, loudness: number): void =>
    play(samples, voice, { atSec: (bar * BEATS_PER_BAR + beat) * BEAT_SEC, note, lengthSec: beats * BEAT_SEC, loudness });

  for (const [bar, name] of BARS.entries()) {
    const [bass, ...notes] = CHORDS[name];
    strike(BASS, bar, 0, bass, 2.4, 0.5);
    strike(BASS, bar, 2.5, bass + 7, 1.4, 0.3);
    // Broken up and down, the last of the bar left out to breathe.
    const order = [0, 1, 2, 3, 2, 1, 2] as const;
    for (const [step, index] of order.entries()) strike(PIANO, bar, step / 2, notes[index] as number, 1.5, step % 4 === 0 ? 0.3 : 0.2);
  }
  for (const [section, tune] of [VERSE_TUNE, MIDDLE_TUNE, VERSE_TUNE].entries())
    for (const [bar, beat, note, beats] of tune) strike(BELL, section * VERSE.length + bar, beat, note, beats, 0.42);
  return samples;
}

function play(
  samples: Float32Array,
  { partials, attackSec }: Voice,
  { atSec, note, lengthSec, loudness }: { atSec: number; note: number; lengthSec: number; loudness: number },
): void {
  const fundamental = 440 * 2 ** ((note - 69) / 12);
  const first = Math.round(atSec * MUSIC_RATE);
  const releaseSec = 0.25;
  const count = Math.round((lengthSec + releaseSec) * MUSIC_RATE);
  for (const [multiple, amplitude, decaySec] of partials) {
    const frequency = fundamental * multiple;
    if (frequency > HIGHEST_HZ) continue;
    for (let index = 0; index < count; index++) {
      const sec = index / MUSIC_RATE;
      const release = sec < lengthSec ? 1 : 0.5 + 0.5 * Math.cos((Math.PI * (sec - lengthSec)) / releaseSec);
      const envelope = Math.min(1, sec / attackSec) * 3 ** (-sec / decaySec) * release;
      const at = (first + index) % samples.length;
      samples[at] = (samples[at] as number) + loudness * amplitude * envelope * Math.sin(2 * Math.PI * frequency * sec);
    }
  }
}
