/**
 * WAV files (RIFF) as sounds for phones. `convertSound` takes what people upload and makes it 8 kHz mono; `writeWav8k` is the form in which sounds lie on
 * disk (`DATA_DIR/sounds/<account>/<id>.wav`); `readPcm8k` reads that form and the prompts. Sizes come from strangers' files: everything is checked.
 */
import { decodeG711, encodeG711 } from './g711.ts';
import { resample } from './resample.ts';

const RATE = 8_000;
export const MAX_SOUND_BYTES = 30_000_000;
export const MAX_SOUND_SEC = 600;
const LEAST_RATE = 8_000;
const MOST_RATE = 48_000;
/** Loudest sample of a converted sound: -3 dB below full scale, as phones' speech is at its loudest. */
const PEAK = 23_197;
/** What is nearly silent stays so. */
const MOST_GAIN = 10;

/** The file cannot be used; the message says why, for the person who sent it. */
export class SoundError extends Error {
  override name = 'SoundError';
}

interface Wav {
  readonly encoding: 'pcm' | 'float' | 'PCMA' | 'PCMU';
  readonly bits: number;
  readonly channels: number;
  readonly rate: number;
  readonly data: Buffer;
}

const ENCODINGS: Readonly<Record<number, Wav['encoding']>> = { 1: 'pcm', 3: 'float', 6: 'PCMA', 7: 'PCMU' };
const BITS: Readonly<Record<Wav['encoding'], readonly number[]>> = { pcm: [8, 16, 24, 32], float: [32, 64], PCMA: [8], PCMU: [8] };
const EXTENSIBLE = 0xfffe;

/**
 * Any usual WAV (PCM of 8 to 32 bits, float, A-law, µ-law; mono or stereo; 8 to 48 kHz) as 8 kHz mono with its peaks at one level. Gives way to other
 * work while it computes. @throws SoundError
 */
export async function convertSound(bytes: Buffer): Promise<{ readonly pcm8k: Int16Array; readonly seconds: number }> {
  if (bytes.length > MAX_SOUND_BYTES) throw new SoundError(`The file is larger than ${MAX_SOUND_BYTES / 1_000_000} MB.`);
  const wav = parseWav(bytes);
  if (wav.rate < LEAST_RATE || wav.rate > MOST_RATE) throw new SoundError(`The sampling rate is ${wav.rate} Hz; 8 to 48 kHz are taken.`);
  if (wav.channels > 2) throw new SoundError(`The file has ${wav.channels} channels; one or two are taken.`);
  const frames = Math.floor(wav.data.length / ((wav.bits / 8) * wav.channels));
  if (frames / wav.rate > MAX_SOUND_SEC) throw new SoundError(`The sound is longer than ${MAX_SOUND_SEC / 60} minutes.`);
  if (frames < wav.rate / 10) throw new SoundError('The sound is shorter than a tenth of a second.');
  const samples = await resample(toMono(wav, frames), wav.rate, RATE);
  return { pcm8k: normalise(samples), seconds: samples.length / RATE };
}

/** 16-bit samples of a file that is 8 kHz mono already. @throws SoundError */
export function readPcm8k(bytes: Buffer): Int16Array {
  const wav = parseWav(bytes);
  if (wav.rate !== RATE || wav.channels !== 1) throw new SoundError('The file is not 8 kHz mono.');
  const { encoding, bits, data } = wav;
  const samples = new Int16Array(Math.floor(data.length / (bits / 8)));
  if (encoding === 'PCMA' || encoding === 'PCMU') decodeG711(encoding, data, samples);
  else if (encoding === 'pcm' && bits === 16)
    for (let index = 0; index < samples.length; index++) samples[index] = data.readInt16LE(index * 2);
  else throw new SoundError('The file is neither 16-bit nor G.711.');
  return samples;
}

/** 8 kHz mono: 16-bit, or G.711 for half the bytes. */
export function writeWav8k(pcm8k: Int16Array, encoding: 'pcm' | 'PCMU' = 'pcm'): Buffer {
  const sampleBytes = encoding === 'pcm' ? 2 : 1;
  const length = pcm8k.length * sampleBytes;
  const bytes = Buffer.alloc(44 + length);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + length, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(encoding === 'pcm' ? 1 : 7, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * sampleBytes, 28);
  bytes.writeUInt16LE(sampleBytes, 32);
  bytes.writeUInt16LE(sampleBytes * 8, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(length, 40);
  if (encoding === 'PCMU') encodeG711('PCMU', pcm8k, bytes, 44);
  else for (let index = 0; index < pcm8k.length; index++) bytes.writeInt16LE(pcm8k[index] as number, 44 + index * 2);
  return bytes;
}

function parseWav(bytes: Buffer): Wav {
  const tag = (at: number): string => bytes.toString('latin1', at, at + 4);
  if (bytes.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new SoundError('This is not a WAV file.');
  let format: Omit<Wav, 'data'> | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const start = at + 8;
    const length = bytes.readUInt32LE(at + 4);
    if (tag(at) === 'fmt ') format = parseFormat(bytes.subarray(start, start + length));
    if (tag(at) === 'data') {
      if (!format) throw new SoundError('The WAV file has its sound before its format.');
      // Recorders that were cut off, and streams, leave a length that is too large: what is there counts.
      return { ...format, data: bytes.subarray(start, start + length) };
    }
    at = start + length + (length % 2);
  }
  throw new SoundError('The WAV file holds no sound.');
}

function parseFormat(chunk: Buffer): Omit<Wav, 'data'> {
  if (chunk.length < 16) throw new SoundError('The WAV file has a broken format.');
  const tag = chunk.readUInt16LE(0);
  const code = tag === EXTENSIBLE && chunk.length >= 26 ? chunk.readUInt16LE(24) : tag;
  const encoding = ENCODINGS[code];
  const channels = chunk.readUInt16LE(2);
  const rate = chunk.readUInt32LE(4);
  const bits = chunk.readUInt16LE(14);
  if (!encoding) throw new SoundError('The WAV file is compressed in a way that is not taken; save it as PCM.');
  if (!BITS[encoding].includes(bits)) throw new SoundError(`Samples of ${bits} bits are not taken.`);
  if (channels === 0 || rate === 0) throw new SoundError('The WAV file has a broken format.');
  return { encoding, bits, channels, rate };
}

/** -1 to 1. */
function toMono(wav: Wav, frames: number): Float32Array {
  const { channels, bits } = wav;
  const read = sampleReader(wav);
  const size = bits / 8;
  const mono = new Float32Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += read((frame * channels + channel) * size);
    const sample = sum / channels;
    mono[frame] = Number.isFinite(sample) ? Math.max(-4, Math.min(4, sample)) : 0;
  }
  return mono;
}

function sampleReader({ encoding, bits, data }: Wav): (at: number) => number {
  switch (encoding) {
    case 'PCMA':
    case 'PCMU': {
      const samples = new Int16Array(data.length);
      decodeG711(encoding, data, samples);
      return (at) => (samples[at] as number) / 32_768;
    }
    case 'float':
      return bits === 32 ? (at) => data.readFloatLE(at) : (at) => data.readDoubleLE(at);
    case 'pcm':
      // 8-bit samples are unsigned, all others signed.
      if (bits === 8) return (at) => ((data[at] as number) - 128) / 128;
      return (at) => data.readIntLE(at, bits / 8) / 2 ** (bits - 1);
  }
}

/** Peaks at one level, as phones' speech has them. */
export function normalise(samples: Float32Array): Int16Array {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  const gain = peak === 0 ? 0 : Math.min(PEAK / peak, MOST_GAIN * 32_768);
  return Int16Array.from(samples, (sample) => Math.round(sample * gain));
}
