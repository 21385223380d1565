/**
 * VID-1: which simulcast layer a picture needs, by how large it is shown, and what goes first when the link is too thin. Pure.
 * Browsers halve the lines from layer to layer; the uppermost is taken to be of 720.
 */
const TOP_LINES = 720;
/** A layer serves until it is shown a third larger than it is. */
const STRETCH = 4 / 3;

/** The lowest layer of `count` (0-based) that looks sharp in `height` device pixels. */
export function layerFor(height: number, count: number): number {
  for (let layer = 0; layer < count - 1; layer++) if (height <= (TOP_LINES / 2 ** (count - 1 - layer)) * STRETCH) return layer;
  return count - 1;
}

/** mediasoup's 1–255: a screen before the large face before the small ones. Audio has no priority: it is never dropped. */
export function priorityOf({ isScreen, height }: { readonly isScreen: boolean; readonly height: number }): number {
  if (isScreen) return 200;
  return Math.min(150, Math.max(1, Math.round(height / 10)));
}
