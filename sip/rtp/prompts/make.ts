/**
 * Makes the sounds of `config/prompts` anew: `node sip/rtp/prompts/make.ts` (needs espeak-ng). Run by hand when texts or music change; the files are part of
 * the repository, so nobody else needs espeak-ng.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resample } from '../resample.ts';
import { PROMPTS_DIR } from '../sounds.ts';
import { convertSound, normalise, writeWav8k } from '../wav.ts';
import { composeMusic, MUSIC_RATE } from './music.ts';
import { LANGUAGES, LARGEST_NUMBER, TEXTS } from './texts.ts';

const WORDS_PER_MINUTE = 150;
const RATE = 8_000;
/** Quieter than this at either end is cut away, but for a breath. */
const QUIET = 400;
const BREATH = 400;

function save(name: string, samples: Int16Array): void {
  writeFileSync(join(PROMPTS_DIR, `${name}.wav`), writeWav8k(samples, 'PCMU'));
}

async function speak(voice: string, text: string): Promise<Int16Array> {
  const wav = execFileSync('espeak-ng', ['-v', voice, '-s', String(WORDS_PER_MINUTE), '-p', '45', '-a', '120', '--stdout', text], {
    maxBuffer: 1e8,
  });
  const { pcm8k } = await convertSound(wav);
  const isLoud = (sample: number): boolean => Math.abs(sample) > QUIET;
  return pcm8k.slice(Math.max(0, pcm8k.findIndex(isLoud) - BREATH), pcm8k.findLastIndex(isLoud) + BREATH);
}

/** Cadences after ITU-T E.180 with 425 Hz: [ms on, ms off] once. */
function cadence(onMs: number, offMs: number): Int16Array {
  const on = (onMs * RATE) / 1_000;
  return Int16Array.from({ length: on + (offMs * RATE) / 1_000 }, (_, index) =>
    index < on ? Math.round(8_000 * Math.min(1, index / 40, (on - index) / 40) * Math.sin((2 * Math.PI * 425 * index) / RATE)) : 0,
  );
}

for (const folder of ['tones', ...Object.keys(LANGUAGES)]) mkdirSync(join(PROMPTS_DIR, folder), { recursive: true });
save('music', normalise(await resample(composeMusic(), MUSIC_RATE, RATE)));
save('tones/ringback', cadence(1_000, 4_000));
save('tones/busy', cadence(500, 500));
for (const [language, voice] of Object.entries(LANGUAGES)) {
  for (const [name, texts] of Object.entries(TEXTS))
    save(`${language}/${name}`, await speak(voice, texts[language as keyof typeof LANGUAGES]));
  for (let number = 0; number <= LARGEST_NUMBER; number++) save(`${language}/number-${number}`, await speak(voice, String(number)));
}
