/** For how long the place of a peer is kept that is not there: dropped (VID-7), or with media that never came. Made by the room; `clear` ends all of them. */
export class PeerWindows {
  readonly #open = new Map<string, { readonly timer: NodeJS.Timeout; readonly endsAt: number }>();
  readonly #ms: number;
  readonly #onLapsed: (peerId: string) => void;

  constructor(ms: number, onLapsed: (peerId: string) => void) {
    this.#ms = ms;
    this.#onLapsed = onLapsed;
  }

  /** Begins anew when one is open. */
  open(peerId: string): void {
    this.#begin(peerId, performance.now() + this.#ms);
  }

  /** Goes on when one is open. */
  keep(peerId: string): void {
    if (!this.#open.has(peerId)) this.open(peerId);
  }

  /** The same person is another peer now: one that is open goes on. */
  hand(from: string, to: string): void {
    const window = this.#open.get(from);
    if (!window || from === to) return;
    this.close(from);
    this.#begin(to, window.endsAt);
  }

  close(peerId: string): void {
    clearTimeout(this.#open.get(peerId)?.timer);
    this.#open.delete(peerId);
  }

  clear(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #begin(peerId: string, endsAt: number): void {
    this.close(peerId);
    const lapse = (): void => {
      this.#open.delete(peerId);
      this.#onLapsed(peerId);
    };
    this.#open.set(peerId, { timer: setTimeout(lapse, endsAt - performance.now()), endsAt });
  }
}
