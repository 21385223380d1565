/** Prompts, music and uploads: what is in the files is what a phone hears. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LARGEST_NUMBER, TEXTS } from '../../sip/rtp/prompts/texts.ts';
import { PROMPTS_DIR, Sounds } from '../../sip/rtp/sounds.ts';
import { convertSound, readPcm8k, SoundError, writeWav8k } from '../../sip/rtp/wav.ts';
import { until } from '../support/services.ts';
import { levelOf, likeness, sine } from '../support/tones.ts';
import { type MediaHouse, openMediaHouse } from './house.ts';

/** 200 ms: so much of an end may be left out. */
const LATE_UNITS = 1_600;
const MUSIC = { id: 'music', pieces: [{ kind: 'sound' as const, name: 'music' }], loop: true, isShared: true };

describe('played', () => {
  let house: MediaHouse;
  beforeEach(async () => {
    house = await openMediaHouse();
  });
  afterEach(() => house.close());

  test('VOX-3 callers in both laws hear the hold music, and nothing but it', async () => {
    const music = readPcm8k(readFileSync(join(PROMPTS_DIR, 'music.wav')));
    const u = await house.phone('c', 'u', { law: 'PCMU' });
    const a = await house.phone('c', 'a', { law: 'PCMA' });
    for (const leg of ['u', 'a']) await house.client.ask({ do: 'leg.play', leg, playback: MUSIC });
    await until(() => u.phone.heard.length >= 25 && a.phone.heard.length >= 25);
    expect(likeness(u.phone.sound(20), music)).toBeGreaterThan(0.98);
    expect(likeness(a.phone.sound(20), music)).toBeGreaterThan(0.98);
    const noise = Int16Array.from(u.phone.sound(20), (_, index) => ((index * 7_919) % 20_000) - 10_000);
    expect(likeness(noise, music)).toBeLessThan(0.5);
  });

  test('VOX-3 a prompt is heard from its beginning to its end, in pieces, and music goes on after it', async () => {
    const { phone } = await house.phone('c', 'u');
    await house.client.ask({ do: 'leg.play', leg: 'u', playback: MUSIC });
    await until(() => phone.heard.length > 5);
    const pieces = ['en/position', 'en/number-3'].map((name) => ({ kind: 'sound' as const, name }));
    const begun = phone.heard.at(-1)?.timestamp ?? 0;
    await house.client.ask({ do: 'leg.play', leg: 'u', playback: { id: 'place', pieces } });
    await until(() => house.events.some((event) => event.event === 'play.ended' && event.playback === 'place'), { timeoutMs: 8_000 });
    expect(house.events[0]).toMatchObject({ event: 'play.ended', playback: 'music', reason: 'replaced' });
    const spoken = Int16Array.from([...pieces].flatMap(({ name }) => [...readPcm8k(readFileSync(join(PROMPTS_DIR, `${name}.wav`)))]));
    // The word that it ended may be quicker than its last packets; a machine that is late leaves some out, which timestamps tell.
    await until(() => (phone.heard.at(-1)?.timestamp ?? 0) - begun >= spoken.length - LATE_UNITS, { what: 'the whole prompt' });
    expect(likeness(phone.laid(spoken.length - LATE_UNITS).subarray(1_600, 4_800), spoken)).toBeGreaterThan(0.95);
    await house.client.ask({ do: 'leg.play', leg: 'u', playback: MUSIC });
    const after = phone.heard.length;
    await until(() => phone.heard.length > after + 10, { what: 'music again' });
  });

  test('VOX-3 an account’s upload is heard; a name that is none, or leads elsewhere, is refused', async () => {
    const { mkdir, writeFile } = await import('node:fs/promises');
    await mkdir(join(house.dataDir, 'sounds', 'acc_1'), { recursive: true });
    await writeFile(join(house.dataDir, 'sounds', 'acc_1', 'song.wav'), writeWav8k(sine(700, 8_000)));
    const { phone } = await house.phone('c', 'u');
    const play = (id: string, name: string) =>
      house.client.ask({ do: 'leg.play', leg: 'u', playback: { id, pieces: [{ kind: 'sound', name }], loop: true } });
    await play('p1', 'acc_1/song');
    await until(() => phone.heard.length > 20 && levelOf(phone.sound(10), 700) > 5_000);
    for (const name of ['acc_1/none', '../rtp', 'a/../../b', '/etc/passwd', '', 'a/b/c/d'])
      await expect(play('p2', name)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('VOX-3 a playback whose command comes twice plays once', async () => {
    const { phone } = await house.phone('c', 'u');
    const playback = { id: 'once', pieces: [{ kind: 'tone' as const, frequencies: [440], ms: 200 }] };
    await house.client.ask({ do: 'leg.play', leg: 'u', playback });
    await house.client.ask({ do: 'leg.play', leg: 'u', playback });
    await until(() => house.events.length > 0);
    await house.client.ask({ do: 'leg.play', leg: 'u', playback });
    await house.client.ask({ do: 'leg.play', leg: 'u', playback: { ...playback, id: 'next' } });
    await until(() => house.events.length === 2);
    expect(house.events.map((event) => event.event === 'play.ended' && [event.playback, event.reason])).toEqual([
      ['once', 'over'],
      ['next', 'over'],
    ]);
    expect(phone.heard.length).toBeLessThanOrEqual(22);
  });
});

test('VOX-3 every prompt and every number is there in four languages, and is a sound', () => {
  const names = [...Object.keys(TEXTS), ...Array.from({ length: LARGEST_NUMBER }, (_, index) => `number-${index + 1}`)];
  for (const language of ['en', 'it', 'cs', 'ru']) {
    expect(readdirSync(join(PROMPTS_DIR, language)).sort()).toEqual(names.map((name) => `${name}.wav`).sort());
    for (const name of names) {
      const samples = readPcm8k(readFileSync(join(PROMPTS_DIR, language, `${name}.wav`)));
      expect(samples.length, `${language}/${name}`).toBeGreaterThan(1_600);
      expect(Math.max(...samples), `${language}/${name}`).toBeGreaterThan(8_000);
    }
  }
});

describe('uploaded', () => {
  /** Made by sox, which is not ours. */
  const sox = (format: string[], effect: string[]): Buffer =>
    execFileSync('sox', ['-n', ...format, '-t', 'wav', '-', 'synth', '1', ...effect], { maxBuffer: 1e8 });

  test.each([
    ['PCM 8 bit, 8 kHz', ['-r', '8000', '-b', '8', '-c', '1']],
    ['PCM 16 bit, 44.1 kHz, stereo', ['-r', '44100', '-b', '16', '-c', '2']],
    ['PCM 24 bit, 48 kHz (extensible)', ['-r', '48000', '-b', '24', '-c', '2']],
    ['PCM 32 bit, 22.05 kHz', ['-r', '22050', '-b', '32', '-c', '1']],
    ['float, 32 kHz', ['-r', '32000', '-e', 'floating-point', '-b', '32', '-c', '1']],
    ['A-law, 8 kHz', ['-r', '8000', '-e', 'a-law', '-c', '1']],
    ['µ-law, 16 kHz', ['-r', '16000', '-e', 'u-law', '-c', '1']],
  ])('VOX-3 %s becomes 8 kHz mono at the usual level', async (_, format) => {
    const { pcm8k, seconds } = await convertSound(sox(format, ['sine', '1000', 'vol', '0.1']));
    expect(seconds).toBeCloseTo(1, 2);
    expect(levelOf(pcm8k.subarray(800, 7_200), 1_000)).toBeGreaterThan(20_000);
    expect(Math.max(...pcm8k)).toBeLessThanOrEqual(23_198);
  });

  test('VOX-3 what a phone cannot carry does not fold back into what it can', async () => {
    const { pcm8k } = await convertSound(sox(['-r', '48000', '-b', '16', '-c', '1'], ['sine', '440', 'sine', 'mix', '5000']));
    const heard = levelOf(pcm8k, 440);
    expect(heard).toBeGreaterThan(5_000);
    expect(levelOf(pcm8k, 3_000)).toBeLessThan(heard / 1_000);
  });

  test('VOX-3 anything else is refused with what is wrong', async () => {
    const good = sox(['-r', '16000', '-b', '16', '-c', '1'], ['sine', '440']);
    const changed = (change: (bytes: Buffer) => void): Buffer => {
      const bytes = Buffer.from(good);
      change(bytes);
      return bytes;
    };
    const cases: [Buffer, RegExp][] = [
      [Buffer.from('ID3 this is an MP3'), /not a WAV/],
      [Buffer.alloc(0), /not a WAV/],
      [good.subarray(0, 20), /no sound|broken/],
      [changed((bytes) => bytes.writeUInt16LE(0x55, 20)), /compressed/],
      [changed((bytes) => bytes.writeUInt32LE(96_000, 24)), /sampling rate/],
      [changed((bytes) => bytes.writeUInt32LE(0, 24)), /broken/],
      [changed((bytes) => bytes.writeUInt16LE(6, 22)), /channels/],
      [changed((bytes) => bytes.writeUInt16LE(12, 34)), /12 bits/],
      [Buffer.alloc(30_000_001), /larger/],
      [writeWav8k(new Int16Array(601 * 8_000)), /longer/],
      [writeWav8k(new Int16Array(100)), /shorter/],
    ];
    for (const [bytes, message] of cases) await expect(convertSound(bytes)).rejects.toThrow(message);
  });

  test('VOX-3 no file makes the conversion fail but with its own error', async () => {
    const header = sox(['-r', '16000', '-b', '16', '-c', '1'], ['sine', '440']).subarray(0, 2_044);
    const edits = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(header.length), async (changes, length) => {
        const bytes = Buffer.from(header.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          const { pcm8k } = await convertSound(bytes);
          expect(pcm8k.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SoundError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('VOX-3 what is cached stays within its budget', async () => {
    const sounds = new Sounds('/nowhere', { budgetBytes: 40_000 });
    for (let frequency = 300; frequency < 320; frequency++)
      await sounds.track([{ kind: 'tone', frequencies: [frequency], ms: 1_000 }], 'PCMU');
    expect(sounds.cachedBytes).toBeLessThanOrEqual(40_000);
    expect(sounds.cachedBytes).toBeGreaterThan(0);
  });
});
