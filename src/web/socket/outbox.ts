/**
 * What was written but is not yet known to be in the conversation. Created once per page; sends one message after the other, so the order
 * is kept over lost connections. Guarantees that a text is never dropped silently: it is on its way, sent, or shown as failed with the reason.
 * With a storage key it survives a reload of the tab.
 */
import { signal } from '@preact/signals';
import { CommandError, codeOf } from './commandError.ts';
import { newKey } from './socketClient.ts';
import type { FileView } from './wire.ts';

export interface OutboxItem {
  readonly mid: string;
  readonly conversation: string;
  readonly text: string;
  readonly file?: FileView;
  readonly isNote: boolean;
  /** Take the conversation by this message. */
  readonly isClaim: boolean;
  readonly at: number;
  readonly state: 'sending' | 'sent' | 'failed';
  /** Error code, when failed. */
  readonly code?: string;
  readonly owner?: string;
  /** Place in the conversation's feed, once sent. */
  readonly off?: number;
}

export interface OutboxOptions {
  /** Sends one item, waiting for the connection as long as it takes. @throws CommandError */
  send(item: OutboxItem): Promise<{ off: number }>;
  /** sessionStorage key. */
  readonly storageKey?: string;
  onFailed?(item: OutboxItem): void;
}

export class Outbox {
  readonly items = signal<readonly OutboxItem[]>([]);
  readonly #options: OutboxOptions;
  #isSending = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.items.value = this.#stored();
  }

  /** Sends what a reload left behind. */
  start(): void {
    void this.#sendAll();
  }

  add(message: { conversation: string; text: string; file?: FileView; isNote?: boolean; isClaim?: boolean }): OutboxItem {
    const item: OutboxItem = { isNote: false, isClaim: false, ...message, mid: newKey(), at: Date.now(), state: 'sending' };
    this.#set([...this.items.value, item]);
    void this.#sendAll();
    return item;
  }

  /** Tries a failed one again under the same id. */
  retry(mid: string): void {
    this.#change(mid, (item) => ({ ...item, state: 'sending' }));
    void this.#sendAll();
  }

  discard(mid: string): void {
    this.#set(this.items.value.filter((item) => item.mid !== mid));
  }

  /** Messages that arrived in the feed need no place here any more. */
  confirm(conversation: string, messages: readonly { mid: string; off: number }[]): void {
    const mids = new Set(messages.map((message) => message.mid));
    const offs = new Set(messages.map((message) => message.off));
    const rest = this.items.value.filter(
      (item) => item.conversation !== conversation || !(mids.has(item.mid) || (item.off !== undefined && offs.has(item.off))),
    );
    if (rest.length !== this.items.value.length) this.#set(rest);
  }

  /** A conversation that was opened by its first message has got its id. */
  rename(from: string, to: string): void {
    this.#set(this.items.value.map((item) => (item.conversation === from ? { ...item, conversation: to } : item)));
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let item = this.#next(); item; item = this.#next()) await this.#sendOne(item);
    } finally {
      this.#isSending = false;
    }
  }

  async #sendOne(item: OutboxItem): Promise<void> {
    try {
      const { off } = await this.#options.send(item);
      this.#change(item.mid, (now) => ({ ...now, state: 'sent', off }));
    } catch (error) {
      const owner = error instanceof CommandError ? error.owner : undefined;
      this.#change(item.mid, (now) => ({ ...now, state: 'failed', code: codeOf(error), ...(owner !== undefined && { owner }) }));
      const failed = this.items.value.find(({ mid }) => mid === item.mid);
      if (failed) this.#options.onFailed?.(failed);
    }
  }

  #next(): OutboxItem | undefined {
    return this.items.value.find((item) => item.state === 'sending');
  }

  #change(mid: string, change: (item: OutboxItem) => OutboxItem): void {
    this.#set(this.items.value.map((item) => (item.mid === mid ? change(item) : item)));
  }

  #set(items: readonly OutboxItem[]): void {
    this.items.value = items;
    const { storageKey } = this.#options;
    if (!storageKey) return;
    try {
      const unsent = items.filter((item) => item.state !== 'sent');
      if (unsent.length > 0) sessionStorage.setItem(storageKey, JSON.stringify(unsent));
      else sessionStorage.removeItem(storageKey);
    } catch (error) {
      // Storage is full or forbidden in this browser: memory has to do, and says so once in the console.
      console.warn('centralino: unsent messages cannot be kept over a reload', error);
    }
  }

  #stored(): readonly OutboxItem[] {
    if (!this.#options.storageKey) return [];
    try {
      const stored: unknown = JSON.parse(sessionStorage.getItem(this.#options.storageKey) ?? '[]');
      return Array.isArray(stored) ? (stored as OutboxItem[]) : [];
    } catch (error) {
      console.warn('centralino: stored messages are not readable', error);
      return [];
    }
  }
}
