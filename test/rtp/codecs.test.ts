/** The codecs against others' (sox for G.711, vectors made with spandsp for G.722), and what becomes of sound that goes through them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeSound } from '../../sip/rtp/codecs.ts';
import { decodeG711, encodeG711, type Law, translateG711 } from '../../sip/rtp/g711.ts';
import { G722Decoder, G722Encoder } from '../../sip/rtp/g722.ts';
import { JitterBuffer } from '../../sip/rtp/jitter.ts';
import { Transcoder } from '../../sip/rtp/transcoder.ts';
import { hasTone, levelOf, sine } from '../support/tones.ts';

const LAWS: readonly Law[] = ['PCMU', 'PCMA'];
const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

describe('G.711', () => {
  test.each(LAWS)('ITU-T G.711 every code of %s is the sample that sox takes it for', (law) => {
    const samples = new Int16Array(256);
    decodeG711(law, ALL_CODES, samples);
    const encoding = law === 'PCMU' ? 'u-law' : 'a-law';
    const raw = ['-t', 'raw', '-r', '8000', '-c', '1'];
    const theirs = execFileSync('sox', [...raw, '-e', encoding, '-b', '8', '-', ...raw, '-e', 'signed', '-b', '16', '-'], {
      input: ALL_CODES,
    });
    expect([...samples]).toEqual(Array.from({ length: 256 }, (_, index) => theirs.readInt16LE(index * 2)));
  });

  test.each(LAWS)('ITU-T G.711 %s gives each sample one of the two levels around it, in order', (law) => {
    const samples = Int16Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    const codes = new Uint8Array(samples.length);
    const back = new Int16Array(samples.length);
    encodeG711(law, samples, codes);
    decodeG711(law, codes, back);
    const levels = new Int16Array(256);
    decodeG711(law, ALL_CODES, levels);
    const sorted = [...new Set(levels)].sort((a, b) => a - b);
    for (let index = 0; index < back.length; index += 97) {
      const sample = samples[index] as number;
      const level = back[index] as number;
      expect(sorted.filter((other) => (other - sample) * (other - level) < 0)).toEqual([]);
      if (index >= 97) expect(level).toBeGreaterThanOrEqual(back[index - 97] as number);
    }
  });

  test('ITU-T G.711 from one law to the other and back changes a tone by no more than their own steps', () => {
    const codes = new Uint8Array(1_600);
    encodeG711('PCMU', sine(1_000, 1_600), codes);
    translateG711('PCMU', codes);
    const samples = new Int16Array(1_600);
    decodeG711('PCMA', codes, samples);
    expect(levelOf(samples, 1_000)).toBeGreaterThan(7_600);
    translateG711('PCMA', codes);
    decodeG711('PCMU', codes, samples);
    expect(levelOf(samples, 1_000)).toBeGreaterThan(7_600);
  });
});

describe('G.722', () => {
  test('ITU-T G.722 3 the lower band is, bit by bit, another implementation’s, both ways', () => {
    const { amp, codes, out } = JSON.parse(readFileSync(join(import.meta.dirname, 'g722.corpus.json'), 'utf8')) as Record<string, number[]>;
    const encoded = new Uint8Array(amp?.length ?? 0);
    new G722Encoder().encode(Int16Array.from(amp ?? []), encoded);
    expect([...encoded].map((code) => code & 0x3f)).toEqual(codes?.map((code) => code & 0x3f));
    const decoded = new Int16Array(codes?.length ?? 0);
    new G722Decoder().decode(Uint8Array.from(codes ?? []), decoded);
    expect([...decoded]).toEqual(out);
  });

  test('VOX-4 a packet goes from every codec to every other and keeps its tone', () => {
    for (const from of ['PCMU', 'PCMA', 'G722'] as const)
      for (const to of ['PCMU', 'PCMA', 'G722'] as const) {
        const codes = new Uint8Array(4_000);
        if (from === 'G722') new G722Encoder().encode(sine(700, 4_000), codes);
        else encodeG711(from, sine(700, 4_000), codes);
        const transcoder = new Transcoder(from, to);
        for (let at = 0; at < codes.length; at += 160) transcoder.apply(codes.subarray(at, at + 160));
        const samples = new Int16Array(4_000);
        if (to === 'G722') new G722Decoder().decode(codes, samples);
        else decodeG711(to, codes, samples);
        expect(hasTone(samples, 700), `${from} to ${to}`).toBe(true);
        expect(levelOf(samples.subarray(400), 700), `${from} to ${to}`).toBeGreaterThan(7_500);
      }
  });

  test('VOX-3 a long sound encoded in parts is the same as in one', async () => {
    const samples = sine(440, 20_000);
    const whole = new Uint8Array(20_000);
    new G722Encoder().encode(samples, whole);
    expect(await encodeSound('G722', samples)).toEqual(whole);
  });
});

describe('jitter', () => {
  const FRAME = 160;
  const played = (arrivals: readonly { readonly at: number; readonly packet: number }[], frames: number): Int16Array => {
    const buffer = new JitterBuffer();
    const heard = new Int16Array(frames * FRAME);
    const waiting = [...arrivals].sort((a, b) => a.at - b.at);
    for (let frame = 0; frame < frames; frame++) {
      while (waiting[0] && waiting[0].at <= frame * 20) {
        const { packet } = waiting.shift() as { at: number; packet: number };
        buffer.write((4_294_960_000 + packet * FRAME) >>> 0, sine(500, FRAME, { from: packet * FRAME }));
      }
      buffer.read(heard.subarray(frame * FRAME, (frame + 1) * FRAME));
    }
    return heard;
  };
  const purity = (samples: Int16Array): number => {
    let power = 0;
    for (const sample of samples) power += sample * sample;
    return levelOf(samples, 500) / Math.sqrt((2 * power) / samples.length);
  };

  test('VOX-4 packets that come unevenly, in disorder and twice are heard as they were spoken, over the wrap of the timestamp', () => {
    const arrivals = Array.from({ length: 200 }, (_, packet) => ({ packet, at: packet * 20 + ((packet * 37) % 30) }));
    const heard = played([...arrivals, ...arrivals.filter(({ packet }) => packet % 7 === 0)], 195);
    expect(purity(heard.subarray(20 * FRAME, 180 * FRAME))).toBeGreaterThan(0.99);
  });

  test('VOX-4 a lost packet is covered, a sender that stopped fades to silence', () => {
    const heard = played(
      Array.from({ length: 60 }, (_, packet) => ({ packet, at: packet * 20 })).filter(({ packet }) => packet % 10 !== 5),
      100,
    );
    expect(purity(heard.subarray(10 * FRAME, 50 * FRAME))).toBeGreaterThan(0.9);
    expect(Math.max(...heard.subarray(90 * FRAME))).toBe(0);
  });
});
