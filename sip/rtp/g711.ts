/**
 * G.711: 16-bit samples to and from A-law and µ-law (ITU-T G.711 tables 1 and 2), by tables that are computed once. Functions take and give whole
 * buffers; nothing is allocated per packet unless said.
 */
export type Law = 'PCMA' | 'PCMU';

const BIAS = 0x84;
const CLIP = 32_635;

function decodeMu(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + BIAS) << ((inverted & 0x70) >> 4)) - BIAS;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function encodeMu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(CLIP, Math.abs(sample)) + BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function decodeA(code: number): number {
  const toggled = code ^ 0x55;
  const exponent = (toggled & 0x70) >> 4;
  const mantissa = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

function encodeA(sample: number): number {
  const sign = sample >= 0 ? 0x80 : 0;
  const magnitude = Math.min(32_767, sample >= 0 ? sample : ~sample) >> 4;
  const exponent = magnitude < 32 ? (magnitude < 16 ? 0 : 1) : 31 - Math.clz32(magnitude) - 3;
  const mantissa = exponent === 0 ? magnitude : (magnitude >> (exponent - 1)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

/** By code: the sample. */
export const DECODE: Readonly<Record<Law, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, code) => decodeMu(code)),
  PCMA: Int16Array.from({ length: 256 }, (_, code) => decodeA(code)),
};
/** By sample + 32768: the code. */
const ENCODE: Readonly<Record<Law, Uint8Array>> = {
  PCMU: Uint8Array.from({ length: 65_536 }, (_, index) => encodeMu(index - 32_768)),
  PCMA: Uint8Array.from({ length: 65_536 }, (_, index) => encodeA(index - 32_768)),
};
/** One law's code to the other's nearest. */
const TRANSLATE: Readonly<Record<Law, Uint8Array>> = {
  PCMU: DECODE.PCMU.reduce((table, sample, code) => table.fill(encodeA(sample), code, code + 1), new Uint8Array(256)),
  PCMA: DECODE.PCMA.reduce((table, sample, code) => table.fill(encodeMu(sample), code, code + 1), new Uint8Array(256)),
};

export function decodeG711(law: Law, codes: Uint8Array, samples: Int16Array): void {
  const table = DECODE[law];
  for (let index = 0; index < codes.length; index++) samples[index] = table[codes[index] as number] as number;
}

export function encodeG711(law: Law, samples: Int16Array, codes: Uint8Array, at = 0): void {
  const table = ENCODE[law];
  for (let index = 0; index < samples.length; index++) codes[at + index] = table[(samples[index] as number) + 32_768] as number;
}

/** In place, from `law` to the other one. */
export function translateG711(law: Law, codes: Uint8Array): void {
  const table = TRANSLATE[law];
  for (let index = 0; index < codes.length; index++) codes[index] = table[codes[index] as number] as number;
}
