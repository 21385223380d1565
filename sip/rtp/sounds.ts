/**
 * The sounds of a process: prompts made for the project (`config/prompts`), uploads (`DATA_DIR/sounds/<account>/<id>.wav`), and tones. Each is loaded when it
 * is first asked for, encoded once per codec, and shared by every leg; what was not used for longest goes when the budget of bytes is spent.
 * Created once per process. Files are 8 kHz mono WAV, 16-bit or G.711 (`convertSound` makes them).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSound } from './codecs.ts';
import type { Track } from './playback.ts';
import type { Codec, Playback } from './protocol.ts';
import { readPcm8k } from './wav.ts';

/** Folders with what there is to play, in the order they are looked into. */
export const PROMPTS_DIR = join(import.meta.dirname, '../../config/prompts');
export const SOUNDS_FOLDER = 'sounds';

const BUDGET_BYTES = 96_000_000;
const SAFE_NAME = /^[A-Za-z0-9_-]{1,64}(\/[A-Za-z0-9_-]{1,64}){0,2}$/;
const RATE = 8_000;
/** Each tone of -15 dBm0 or so, as ringing and busy tones are. */
const TONE_AMPLITUDE = 5_000;
const FADE_SAMPLES = 40;
type Piece = Playback['pieces'][number];

export class UnknownSoundError extends Error {
  override name = 'UnknownSoundError';
}

interface Entry {
  readonly codes: Promise<Uint8Array>;
  bytes: number;
}

export class Sounds {
  readonly #folders: readonly string[];
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #budgetBytes: number;
  #bytes = 0;

  constructor(dataDir: string, { budgetBytes = BUDGET_BYTES }: { budgetBytes?: number } = {}) {
    this.#folders = [PROMPTS_DIR, join(dataDir, SOUNDS_FOLDER)];
    this.#budgetBytes = budgetBytes;
  }

  get cachedBytes(): number {
    return this.#bytes;
  }

  /** @throws UnknownSoundError for a name without a file, or a file that is no such sound */
  async track(pieces: readonly Piece[], codec: Codec): Promise<Track> {
    const encoded = await Promise.all(pieces.map((piece) => this.#encoded(piece, codec)));
    return { codec, pieces: encoded, length: encoded.reduce((sum, { length }) => sum + length, 0) };
  }

  async #encoded(piece: Piece, codec: Codec): Promise<Uint8Array> {
    const key = `${codec} ${JSON.stringify(piece)}`;
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.codes;
    }
    const entry: Entry = { codes: samplesOf(piece, this.#folders).then((samples) => encodeSound(codec, samples)), bytes: 0 };
    this.#entries.set(key, entry);
    try {
      const codes = await entry.codes;
      if (this.#entries.get(key) === entry) {
        entry.bytes = codes.length;
        this.#bytes += codes.length;
        this.#shrink();
      }
      return codes;
    } catch (error) {
      // The file may come later.
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  #shrink(): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#budgetBytes || this.#entries.size === 1) return;
      this.#entries.delete(key);
      this.#bytes -= bytes;
    }
  }
}

async function samplesOf(piece: Piece, folders: readonly string[]): Promise<Int16Array> {
  switch (piece.kind) {
    case 'silence':
      return new Int16Array((piece.ms * RATE) / 1_000);
    case 'tone':
      return tone(piece.frequencies, piece.ms);
    case 'sound':
      return loadSound(piece.name, folders);
  }
}

async function loadSound(name: string, folders: readonly string[]): Promise<Int16Array> {
  if (!SAFE_NAME.test(name)) throw new UnknownSoundError(`no sound is named "${name}"`);
  for (const folder of folders) {
    try {
      return readPcm8k(await readFile(join(folder, `${name}.wav`)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new UnknownSoundError(`the sound "${name}" cannot be read`, { cause: error });
    }
  }
  throw new UnknownSoundError(`no sound is named "${name}"`);
}

function tone(frequencies: readonly number[], ms: number): Int16Array {
  const samples = new Int16Array(Math.round((ms * RATE) / 1_000));
  for (let index = 0; index < samples.length; index++) {
    // Without a click at either end.
    const fade = Math.min(1, index / FADE_SAMPLES, (samples.length - index) / FADE_SAMPLES);
    let sum = 0;
    for (const frequency of frequencies) sum += Math.sin((2 * Math.PI * frequency * index) / RATE);
    samples[index] = Math.round(sum * TONE_AMPLITUDE * fade);
  }
  return samples;
}
