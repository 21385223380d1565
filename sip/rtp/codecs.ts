/** The codecs of phones behind one face. All of them have 8 bytes and 8 timestamp units in a millisecond (RFC 3551 4.5.2, 4.5.14). */
import { encodeG711 } from './g711.ts';
import { G722Encoder } from './g722.ts';
import type { Codec } from './protocol.ts';

/** Static payload types (RFC 3551 table 4): what a phone may send although another of our codecs was agreed on. */
const STATIC: Readonly<Record<number, Codec>> = { 0: 'PCMU', 8: 'PCMA', 9: 'G722' };
export const codecOfStaticType = (payloadType: number): Codec | undefined => STATIC[payloadType];

/** Codes of silence. G.722's are those of an encoder that has seen zeros for long. */
export const SILENCE: Readonly<Record<Codec, number>> = { PCMU: 0xff, PCMA: 0xd5, G722: 0xfa };

/** G.722 costs some 0.1 µs a sample: a minute of music in one go would be heard as a gap by everybody. */
const SAMPLES_AT_ONCE = 8_000;

/** A whole sound at 8 kHz, padded with silence to full packets of 20 ms. Gives way to other work in between. */
export async function encodeSound(codec: Codec, samples: Int16Array): Promise<Uint8Array> {
  const codes = new Uint8Array(Math.ceil(samples.length / 160) * 160).fill(SILENCE[codec]);
  if (codec !== 'G722') {
    encodeG711(codec, samples, codes);
    return codes;
  }
  const encoder = new G722Encoder();
  for (let at = 0; at < samples.length; at += SAMPLES_AT_ONCE) {
    encoder.encode(samples.subarray(at, at + SAMPLES_AT_ONCE), codes, at);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return codes;
}
