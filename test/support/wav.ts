/** WAV files for tests: 16-bit samples. */

/** One tone in stereo, as people upload it. */
export function wavOf(hertz: number, seconds: number, rate = 44_100): Buffer {
  const samples = Int16Array.from({ length: 2 * Math.round(seconds * rate) }, (_, at) =>
    Math.round(12_000 * Math.sin((2 * Math.PI * hertz * (at >> 1)) / rate)),
  );
  return wav(samples, { rate, channels: 2 });
}

export const monoWav = (samples: Int16Array, rate: number): Buffer => wav(samples, { rate, channels: 1 });

/** The samples of several channels take turns. */
function wav(samples: Int16Array, { rate, channels }: { readonly rate: number; readonly channels: number }): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * channels * rate, 28);
  head.writeUInt16LE(2 * channels, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)]);
}
