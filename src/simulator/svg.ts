/** A picture as SVG. */
import type { Picture, Point, Shape } from './picture.ts';

export function toSvg({ width, height, background, shapes }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Roboto, Arial, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    ...shapes.map(element),
    '</svg>',
    '',
  ].join('\n');
}

function element(shape: Shape): string {
  switch (shape.kind) {
    case 'line':
      return `<polyline points="${list(shape.points)}" fill="none" stroke="${shape.colour}" stroke-width="${shape.width}" stroke-linejoin="round"/>`;
    case 'area':
      return `<polygon points="${list(shape.points)}" fill="${shape.colour}" fill-opacity="${shape.opacity}"/>`;
    case 'text':
      return `<text x="${round(shape.at[0])}" y="${round(shape.at[1])}" font-size="${shape.size}" fill="${shape.colour}" text-anchor="${shape.anchor}">${escaped(shape.text)}</text>`;
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;
const list = (points: readonly Point[]): string => points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
