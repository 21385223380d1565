/**
 * Tells the other side that somebody is typing, and what: at once, then at most once a second with the newest text, and when it ended.
 * One per page; signals are best effort, so nothing here is repeated or kept.
 */
const EVERY_MS = 1_000;
const PREVIEW_MAX_CHARS = 500;

export class TypingSignal {
  readonly #send: (conversation: string, isTyping: boolean, preview: string) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #latest: { conversation: string; text: string } | undefined;

  constructor(send: (conversation: string, isTyping: boolean, preview: string) => void) {
    this.#send = send;
  }

  /** Call on every change of the text. */
  note(conversation: string, text: string): void {
    if (text.trim() === '') {
      this.stop(conversation);
      return;
    }
    const isWaiting = this.#timer !== undefined;
    this.#latest = { conversation, text };
    if (!isWaiting) this.#flush();
  }

  /** The text was sent or taken away. */
  stop(conversation: string): void {
    const wasTyping = this.#timer !== undefined || this.#latest !== undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#latest = undefined;
    if (wasTyping) this.#send(conversation, false, '');
  }

  #flush(): void {
    const latest = this.#latest;
    this.#latest = undefined;
    this.#timer = undefined;
    if (!latest) return;
    this.#send(latest.conversation, true, latest.text.slice(0, PREVIEW_MAX_CHARS));
    this.#timer = setTimeout(() => this.#flush(), EVERY_MS);
  }
}
