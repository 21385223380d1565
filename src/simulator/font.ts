/**
 * Outlines of letters from a TrueType font in a WOFF file, for drawing text without a browser. Reads what text in one line needs: `cmap` (format 4), `head`,
 * `hhea`, `hmtx`, `loca`, `glyf` with simple and composed glyphs; no kerning. Made once from the font that the web clients use.
 */
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import type { Point } from './picture.ts';

const ON_CURVE = 1;
/** Straight pieces that a curve becomes. */
const PIECES = 4;

export class Font {
  readonly #tables = new Map<string, Buffer>();
  readonly #unitsPerEm: number;
  readonly #isLongLoca: boolean;
  readonly #metrics: number;
  readonly #glyphs = new Map<number, readonly (readonly Point[])[]>();

  /** @throws when it is no WOFF file with TrueType outlines */
  constructor(file: string) {
    const woff = readFileSync(file);
    if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error(`${file} is no WOFF font`);
    for (let table = 0; table < woff.readUInt16BE(12); table++) {
      const entry = 44 + table * 20;
      const [offset, packed, length] = [4, 8, 12].map((at) => woff.readUInt32BE(entry + at)) as [number, number, number];
      const bytes = woff.subarray(offset, offset + packed);
      this.#tables.set(woff.toString('latin1', entry, entry + 4), packed < length ? inflateSync(bytes) : bytes);
    }
    this.#unitsPerEm = this.#table('head').readUInt16BE(18);
    this.#isLongLoca = this.#table('head').readInt16BE(50) === 1;
    this.#metrics = this.#table('hhea').readUInt16BE(34);
  }

  /** In pixels. */
  widthOf(text: string, size: number): number {
    const units = [...text].reduce((sum, letter) => sum + this.#advance(this.#glyphOf(letter)), 0);
    return (units * size) / this.#unitsPerEm;
  }

  /** The text's outlines; `at` is where its baseline begins. Filled by the non-zero rule. */
  outlines(text: string, at: Point, size: number): Point[][] {
    const scale = size / this.#unitsPerEm;
    let [x] = at;
    return [...text].flatMap((letter) => {
      const glyph = this.#glyphOf(letter);
      const from = x;
      x += this.#advance(glyph) * scale;
      return this.#outline(glyph).map((contour) => contour.map(([gx, gy]): Point => [from + gx * scale, at[1] - gy * scale]));
    });
  }

  #table(name: string): Buffer {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`the font has no table ${name}`);
    return table;
  }

  /** Glyph 0 for what the font does not have. */
  #glyphOf(letter: string): number {
    const cmap = this.#table('cmap');
    const code = letter.codePointAt(0) ?? 0;
    for (let record = 0; record < cmap.readUInt16BE(2); record++) {
      const at = cmap.readUInt32BE(8 + record * 8);
      if (cmap.readUInt16BE(at) !== 4) continue;
      const segments = cmap.readUInt16BE(at + 6) / 2;
      const field = (index: number, segment: number) => at + 14 + index * segments * 2 + (index > 0 ? 2 : 0) + segment * 2;
      for (let segment = 0; segment < segments; segment++) {
        const [end, start] = [cmap.readUInt16BE(field(0, segment)), cmap.readUInt16BE(field(1, segment))];
        if (code < start || code > end) continue;
        const [delta, range] = [cmap.readInt16BE(field(2, segment)), cmap.readUInt16BE(field(3, segment))];
        if (range === 0) return (code + delta) & 0xffff;
        const glyph = cmap.readUInt16BE(field(3, segment) + range + (code - start) * 2);
        return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
      }
    }
    return 0;
  }

  #advance(glyph: number): number {
    return this.#table('hmtx').readUInt16BE(Math.min(glyph, this.#metrics - 1) * 4);
  }

  #outline(glyph: number): readonly (readonly Point[])[] {
    const known = this.#glyphs.get(glyph);
    if (known) return known;
    const loca = this.#table('loca');
    const offset = (index: number) => (this.#isLongLoca ? loca.readUInt32BE(index * 4) : loca.readUInt16BE(index * 2) * 2);
    const data = this.#table('glyf').subarray(offset(glyph), offset(glyph + 1));
    const outline = data.length === 0 ? [] : data.readInt16BE(0) >= 0 ? simple(data) : this.#composed(data);
    this.#glyphs.set(glyph, outline);
    return outline;
  }

  /** Put together from other glyphs, each moved (scaled ones are drawn in their own size: Latin text has none). */
  #composed(data: Buffer): Point[][] {
    const contours: Point[][] = [];
    for (let at = 10, flags = 0x20; flags & 0x20; ) {
      flags = data.readUInt16BE(at);
      const part = this.#outline(data.readUInt16BE(at + 2));
      const isWide = (flags & 1) !== 0;
      const [dx, dy] = isWide ? [data.readInt16BE(at + 4), data.readInt16BE(at + 6)] : [data.readInt8(at + 4), data.readInt8(at + 5)];
      contours.push(...part.map((contour) => contour.map(([x, y]): Point => [x + dx, y + dy])));
      at += (isWide ? 8 : 6) + (flags & 8 ? 2 : flags & 0x40 ? 4 : flags & 0x80 ? 8 : 0);
    }
    return contours;
  }
}

interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly isOn: boolean;
}

function simple(data: Buffer): Point[][] {
  const contours = data.readInt16BE(0);
  const ends = Array.from({ length: contours }, (_, contour) => data.readUInt16BE(10 + contour * 2));
  const count = (ends.at(-1) ?? -1) + 1;
  let at = 10 + contours * 2;
  at += 2 + data.readUInt16BE(at);
  const flags: number[] = [];
  while (flags.length < count) {
    const flag = data.readUInt8(at++);
    const repeats = flag & 8 ? data.readUInt8(at++) : 0;
    for (let copy = 0; copy <= repeats; copy++) flags.push(flag);
  }
  function coordinates(short: number, same: number): number[] {
    let value = 0;
    return flags.map((flag) => {
      if (flag & short) value += (flag & same ? 1 : -1) * data.readUInt8(at++);
      else if (!(flag & same)) {
        value += data.readInt16BE(at);
        at += 2;
      }
      return value;
    });
  }
  const xs = coordinates(2, 16);
  const ys = coordinates(4, 32);
  const points = flags.map((flag, index): CurvePoint => ({ x: xs[index] ?? 0, y: ys[index] ?? 0, isOn: (flag & ON_CURVE) !== 0 }));
  return ends.map((end, contour) => flattened(points.slice(contour === 0 ? 0 : (ends[contour - 1] ?? 0) + 1, end + 1)));
}

/** Quadratic curves as straight pieces. Between two control points lies a point of the curve that the font leaves out. */
function flattened(points: readonly CurvePoint[]): Point[] {
  const middle = (one: CurvePoint, other: CurvePoint): CurvePoint => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, isOn: true });
  const whole = points.flatMap((point, index) => {
    const next = points[(index + 1) % points.length] as CurvePoint;
    return point.isOn || next.isOn ? [point] : [point, middle(point, next)];
  });
  const first = whole.findIndex((point) => point.isOn);
  const turned = [...whole.slice(first), ...whole.slice(0, first + 1)];
  const line: Point[] = [];
  for (let index = 0; index < turned.length; index++) {
    const point = turned[index] as CurvePoint;
    const [before, after] = [turned[index - 1], turned[index + 1]];
    if (point.isOn || !before || !after) {
      line.push([point.x, point.y]);
      continue;
    }
    for (let piece = 1; piece < PIECES; piece++) {
      const t = piece / PIECES;
      const blend = (from: number, over: number, to: number) => (1 - t) ** 2 * from + 2 * t * (1 - t) * over + t ** 2 * to;
      line.push([blend(before.x, point.x, after.x), blend(before.y, point.y, after.y)]);
    }
  }
  return line;
}
