/** A picture as a list of shapes in pixels, drawn by `svg.ts` and by `png.ts` alike. */
export type Point = readonly [x: number, y: number];

/** `#rrggbb`. */
export type Colour = string;

export type Shape =
  | { readonly kind: 'line'; readonly points: readonly Point[]; readonly colour: Colour; readonly width: number }
  | { readonly kind: 'area'; readonly points: readonly Point[]; readonly colour: Colour; readonly opacity: number }
  /** `at`: on the baseline, at the text's beginning, middle or end. */
  | {
      readonly kind: 'text';
      readonly at: Point;
      readonly text: string;
      readonly size: number;
      readonly colour: Colour;
      readonly anchor: 'start' | 'middle' | 'end';
    };

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly background: Colour;
  readonly shapes: readonly Shape[];
}
