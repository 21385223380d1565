/** VID-7: for how long the place of each dropped peer is kept. Made by the room; `clear` ends all of them. */
export class ReconnectWindows {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #ms: number;
  readonly #onLapsed: (peerId: string) => void;

  constructor(ms: number, onLapsed: (peerId: string) => void) {
    this.#ms = ms;
    this.#onLapsed = onLapsed;
  }

  /** Begins anew when one is open. */
  open(peerId: string): void {
    this.close(peerId);
    const lapse = (): void => {
      this.#timers.delete(peerId);
      this.#onLapsed(peerId);
    };
    this.#timers.set(peerId, setTimeout(lapse, this.#ms));
  }

  close(peerId: string): void {
    clearTimeout(this.#timers.get(peerId));
    this.#timers.delete(peerId);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
