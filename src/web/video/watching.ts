/**
 * Tells the room how large each received picture is shown, and which are not looked at, so that it sends no more than is seen (VID-1). Created with the
 * view of a call, closed with it. A picture may be shown by several elements while the view rearranges itself: the largest visible one counts.
 */
import type { VideoCommand } from '../socket/wire.ts';

type Look = Extract<VideoCommand, { do: 'watch' }>['consumers'][number];

/** Long enough that one rearrangement makes one command. */
const SETTLE_MS = 120;
/** Smaller changes are not worth a command. */
const STEP_PX = 32;
const MOST_PX = 8_192;

export class Watching {
  readonly #tell: (looks: Look[]) => void;
  readonly #elements = new Map<Element, { readonly id: string; isSeen: boolean }>();
  readonly #told = new Map<string, string>();
  readonly #sizes = new ResizeObserver(() => this.#soon());
  readonly #sights = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const shown = this.#elements.get(target);
      if (shown) shown.isSeen = isIntersecting;
    }
    this.#soon();
  });
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (looks: Look[]) => void) {
    this.#tell = tell;
    document.addEventListener('visibilitychange', this.#onVisibility);
  }

  /** @returns what ends it */
  show(id: string, element: Element): () => void {
    this.#elements.set(element, { id, isSeen: true });
    this.#sizes.observe(element);
    this.#sights.observe(element);
    this.#soon();
    return () => {
      this.#elements.delete(element);
      this.#sizes.unobserve(element);
      this.#sights.unobserve(element);
      this.#soon();
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    this.#sizes.disconnect();
    this.#sights.disconnect();
    this.#elements.clear();
  }

  readonly #onVisibility = (): void => this.#soon();

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#compare();
    }, SETTLE_MS);
  }

  #compare(): void {
    const looks = new Map<string, Look>([...this.#told.keys()].map((id) => [id, { id, isPaused: true }]));
    for (const [element, { id, isSeen }] of this.#elements) {
      const { width, height } = sizeOf(element);
      const before = looks.get(id);
      if (document.visibilityState !== 'visible' || !isSeen || width === 0 || height === 0) {
        if (!before) looks.set(id, { id, isPaused: true });
      } else if (!before || before.isPaused || width * height > (before.width ?? 0) * (before.height ?? 0))
        looks.set(id, { id, isPaused: false, width, height });
    }
    const changed = [...looks.values()].filter((look) => this.#told.get(look.id) !== JSON.stringify(look));
    for (const look of changed) this.#told.set(look.id, JSON.stringify(look));
    if (changed.length > 0) this.#tell(changed);
    const shown = new Set([...this.#elements.values()].map(({ id }) => id));
    for (const id of this.#told.keys()) if (!shown.has(id)) this.#told.delete(id);
  }
}

function sizeOf(element: Element): { width: number; height: number } {
  const { width, height } = element.getBoundingClientRect();
  const pixels = (length: number): number => Math.min(MOST_PX, Math.ceil((length * Math.min(devicePixelRatio, 2)) / STEP_PX) * STEP_PX);
  return { width: pixels(width), height: pixels(height) };
}
