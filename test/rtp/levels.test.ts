/** VOX-3: every sound that comes with the product, listened to by arithmetic: as loud as the others, not cut off, without holes and clicks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LANGUAGES, LARGEST_NUMBER, TEXTS } from '../../sip/rtp/prompts/texts.ts';
import { PROMPTS_DIR } from '../../sip/rtp/sounds.ts';
import { readPcm8k } from '../../sip/rtp/wav.ts';

const FRAME = 160;
const decibels = (power: number): number => 10 * Math.log10(power / 32_768 ** 2);
const load = (name: string): Int16Array => readPcm8k(readFileSync(join(PROMPTS_DIR, `${name}.wav`)));

/** dBFS of each 20 ms. */
function framesOf(samples: Int16Array): number[] {
  const frames: number[] = [];
  for (let at = 0; at + FRAME <= samples.length; at += FRAME)
    frames.push(decibels(samples.subarray(at, at + FRAME).reduce((sum, sample) => sum + sample ** 2, 0) / FRAME));
  return frames;
}

/** Of what is said, pauses left out. */
function activeLevel(frames: readonly number[]): number {
  const loud = frames.filter((level) => level > -40);
  return 10 * Math.log10(loud.reduce((sum, level) => sum + 10 ** (level / 10), 0) / loud.length);
}

function longestPauseMs(frames: readonly number[]): number {
  let longest = 0;
  let pause = 0;
  for (const level of frames) {
    pause = level <= -50 ? pause + 20 : 0;
    longest = Math.max(longest, pause);
  }
  return longest;
}

const peakOf = (samples: Int16Array): number => samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0);

const steps = (samples: Int16Array): Int32Array =>
  Int32Array.from({ length: samples.length - 1 }, (_, index) => Math.abs((samples[index + 1] as number) - (samples[index] as number)));

describe.each(Object.keys(LANGUAGES))('prompts in %s', (language) => {
  const names = [...Object.keys(TEXTS), ...Array.from({ length: LARGEST_NUMBER }, (_, index) => `number-${index + 1}`)];

  test.each(names)('VOX-3 %s', (name) => {
    const samples = load(`${language}/${name}`);
    const frames = framesOf(samples);
    expect(samples.length / 8).toBeGreaterThan(250);
    expect(samples.length / 8).toBeLessThan(name.startsWith('number-') ? 2_500 : 8_000);
    const level = activeLevel(frames);
    expect(level).toBeGreaterThan(-20);
    expect(level).toBeLessThan(-15);
    // Cut off at full scale, or at any height: the same extreme again and again.
    const peak = peakOf(samples);
    expect(peak).toBeLessThan(0.95 * 32_768);
    expect(peak).toBeGreaterThan(0.3 * 32_768);
    expect(longestPauseMs(frames)).toBeLessThan(600);
    // Pieces follow each other without a click.
    for (const end of [samples[0], samples.at(-1)]) expect(Math.abs(end as number)).toBeLessThan(100);
    expect(Math.abs(samples.reduce((sum, sample) => sum + sample, 0) / samples.length)).toBeLessThan(200);
  });
});

describe('music', () => {
  const music = load('music');

  test('VOX-3 the hold music is of an even level, below speech, and without holes', () => {
    const frames = framesOf(music);
    const level = activeLevel(frames);
    expect(level).toBeGreaterThan(-22);
    expect(level).toBeLessThan(-18);
    expect(peakOf(music)).toBeLessThan(0.95 * 32_768);
    expect(longestPauseMs(frames)).toBeLessThan(300);
    for (let at = 0; at + 50 <= frames.length; at += 50)
      expect(Math.abs(activeLevel(frames.slice(at, at + 50)) - level), `second ${at / 50}`).toBeLessThan(9);
  });

  test('VOX-3 the hold music begins again without a click: whole packets, and a step at the seam as between any two samples', () => {
    expect(music.length % FRAME).toBe(0);
    const seam = Math.abs((music[0] as number) - (music.at(-1) as number));
    const usual = steps(music).sort();
    expect(seam).toBeLessThan(usual[Math.floor(usual.length * 0.9)] as number);
    // It does not fall silent at the seam either.
    const [before, after] = [framesOf(music.subarray(-800)), framesOf(music.subarray(0, 800))];
    expect(Math.abs(activeLevel(before) - activeLevel(after))).toBeLessThan(12);
  });
});
