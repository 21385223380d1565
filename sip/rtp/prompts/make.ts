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
import { atLevel } from './level.ts';
import { composeMusic, MUSIC_RATE } from './music.ts';
import { LANGUAGES, LARGEST_NUMBER, TEXTS } from './texts.ts';

const WORDS_PER_MINUTE = 150;
const RATE = 8_000;
/** Quieter than this at either end is cut away, but for a breath. */
const QUIET = 400;
const BREATH = 400;
/** Ends are faded, so that pieces follow each other without a click. */
const FADE = 80;
/** As loud as people on the phone, and music below them. */
const SPEECH_DB = -18;
const MUSIC_DB = -20;

function save(name: string, samples: Int16Array): void {
  writeFileSync(join(PROMPTS_DIR, `${name}.wav`), writeWav8k(samples, 'PCMU'));
}

async function speak(voice: string, text: string): Promise<Int16Array> {
  const wav = execFileSync('espeak-ng', ['-v', voice, '-s', String(WORDS_PER_MINUTE), '-p', '45', '-a', '120', '--stdout', text], {
    maxBuffer: 1e8,
  });
  const { pcm8k } = await convertSound(wav);
  const isLoud = (sample: number): boolean => Math.abs(sample) > QUIET;
  return faded(atLevel(pcm8k.slice(Math.max(0, pcm8k.findIndex(isLoud) - BREATH), pcm8k.findLastIndex(isLoud) + BREATH), SPEECH_DB));
}

function faded(samples: Int16Array): Int16Array {
  return samples.map((sample, index) => Math.round(sample * Math.min(1, index / FADE, (samples.length - 1 - index) / FADE)));
}

for (const folder of Object.keys(LANGUAGES)) mkdirSync(join(PROMPTS_DIR, folder), { recursive: true });
save('music', atLevel(normalise(await resample(composeMusic(), MUSIC_RATE, RATE)), MUSIC_DB));
for (const [language, voice] of Object.entries(LANGUAGES)) {
  for (const [name, texts] of Object.entries(TEXTS))
    save(`${language}/${name}`, await speak(voice, texts[language as keyof typeof LANGUAGES]));
  for (let number = 1; number <= LARGEST_NUMBER; number++) save(`${language}/number-${number}`, await speak(voice, String(number)));
}
