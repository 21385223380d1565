/** A picture as PNG, drawn here: shapes become polygons, and each pixel gets as much of a colour as the polygon covers of it. */
import { crc32, deflateSync } from 'node:zlib';
import type { Font } from './font.ts';
import type { Colour, Picture, Point, Shape } from './picture.ts';

/** Lines into which a row of pixels is cut for its coverage; across, coverage is exact. */
const SUBROWS = 4;

/** @param scale pixels per unit of the picture */
export function toPng(picture: Picture, font: Font, scale = 2): Buffer {
  const canvas = new Canvas(Math.round(picture.width * scale), Math.round(picture.height * scale), picture.background);
  for (const shape of picture.shapes)
    canvas.fill(scaled(polygonsOf(shape, font), scale), shape.colour, shape.kind === 'area' ? shape.opacity : 1);
  return canvas.encode();
}

const scaled = (polygons: readonly (readonly Point[])[], scale: number): Point[][] =>
  polygons.map((polygon) => polygon.map(([x, y]): Point => [x * scale, y * scale]));

function polygonsOf(shape: Shape, font: Font): Point[][] {
  switch (shape.kind) {
    case 'area':
      return [[...shape.points]];
    case 'line':
      return stroked(shape.points, shape.width);
    case 'text': {
      const width = font.widthOf(shape.text, shape.size);
      const shift = shape.anchor === 'start' ? 0 : shape.anchor === 'middle' ? width / 2 : width;
      return font.outlines(shape.text, [shape.at[0] - shift, shape.at[1]], shape.size);
    }
  }
}

/** Each piece as a rectangle, lengthened by half the width at inner corners so that they close; all turned the same way, so that overlaps count once. */
function stroked(points: readonly Point[], width: number): Point[][] {
  const rectangles: Point[][] = [];
  for (let index = 1; index < points.length; index++) {
    const [from, to] = [points[index - 1] as Point, points[index] as Point];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (length === 0) continue;
    const [dx, dy] = [((to[0] - from[0]) / length) * (width / 2), ((to[1] - from[1]) / length) * (width / 2)];
    const [before, after] = [index > 1 ? 1 : 0, index < points.length - 1 ? 1 : 0];
    const [x0, y0, x1, y1] = [from[0] - dx * before, from[1] - dy * before, to[0] + dx * after, to[1] + dy * after];
    rectangles.push([
      [x0 - dy, y0 + dx],
      [x1 - dy, y1 + dx],
      [x1 + dy, y1 - dx],
      [x0 + dy, y0 - dx],
    ]);
  }
  return rectangles;
}

class Canvas {
  readonly #width: number;
  readonly #height: number;
  /** Rows of a filter byte (none) and three bytes a pixel, as PNG stores them. */
  readonly #rows: Buffer;

  constructor(width: number, height: number, background: Colour) {
    this.#width = width;
    this.#height = height;
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) row.set(bytesOf(background), 1 + x * 3);
    this.#rows = Buffer.concat(new Array<Buffer>(height).fill(row));
  }

  /** By the non-zero rule. */
  fill(polygons: readonly (readonly Point[])[], colour: Colour, opacity: number): void {
    const edges = polygons.flatMap((polygon) =>
      polygon.map((from, index) => ({ from, to: polygon[(index + 1) % polygon.length] as Point })),
    );
    const crossings = new Map<number, { readonly x: number; readonly turn: number }[]>();
    for (const { from, to } of edges) {
      const [turn, [topX, topY], [bottomX, bottomY]] = from[1] < to[1] ? [1, from, to] : [-1, to, from];
      const [first, last] = [
        Math.max(0, Math.ceil(topY * SUBROWS - 0.5)),
        Math.min(this.#height * SUBROWS, Math.ceil(bottomY * SUBROWS - 0.5)),
      ];
      for (let subrow = first; subrow < last; subrow++) {
        const y = (subrow + 0.5) / SUBROWS;
        const x = topX + ((bottomX - topX) * (y - topY)) / (bottomY - topY);
        const known = crossings.get(subrow);
        if (known) known.push({ x, turn });
        else crossings.set(subrow, [{ x, turn }]);
      }
    }
    const coverage = new Map<number, Float64Array>();
    for (const [subrow, list] of crossings) {
      const y = Math.floor(subrow / SUBROWS);
      let row = coverage.get(y);
      if (!row) coverage.set(y, (row = new Float64Array(this.#width)));
      list.sort((left, right) => left.x - right.x);
      let winding = 0;
      let begin = 0;
      for (const { x, turn } of list) {
        if (winding === 0) begin = x;
        winding += turn;
        if (winding === 0) cover(row, begin, x);
      }
    }
    const paint = bytesOf(colour);
    for (const [y, row] of coverage)
      row.forEach((covered, x) => {
        if (covered > 0) this.#blend(x, y, paint, Math.min(1, covered / SUBROWS) * opacity);
      });
  }

  #blend(x: number, y: number, paint: readonly number[], part: number): void {
    const at = y * (1 + this.#width * 3) + 1 + x * 3;
    paint.forEach((value, channel) => {
      const old = this.#rows[at + channel] ?? 0;
      this.#rows[at + channel] = Math.round(old + (value - old) * part);
    });
  }

  encode(): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.#width, 0);
    header.writeUInt32BE(this.#height, 4);
    // 8 bits a channel, red green blue.
    header.set([8, 2, 0, 0, 0], 8);
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(this.#rows)), chunk('IEND', Buffer.alloc(0))]);
  }
}

/** Adds how much of each pixel lies between two places of a row. */
function cover(row: Float64Array, from: number, to: number): void {
  const [begin, end] = [Math.max(0, from), Math.min(row.length, to)];
  for (let x = Math.floor(begin); x < end; x++) row[x] = (row[x] ?? 0) + Math.min(end, x + 1) - Math.max(begin, x);
}

function bytesOf(colour: Colour): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
