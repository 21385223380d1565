/**
 * One subscription to a feed. Created by `SocketClient.subscribe`, outlives reconnects. Guarantees its handlers every event once, in order,
 * after the snapshot they belong to: an event whose `prev` is not our offset means that something is missing, and the feed is resumed from the cursor.
 */
import { codeOf } from './commandError.ts';
import type { Cursor, EventFrame, PublicEvent, PublicSignal, Snapshot, SubscribeReply } from './wire.ts';

export interface FeedHandlers {
  onSnapshot(snapshot: Snapshot): void;
  onEvent(event: PublicEvent, off: number): void;
  onSignal?(signal: PublicSignal): void;
  /** The feed may not be followed (any more): unknown, forbidden, or taken away. */
  onEnded?(code: string): void;
}

type Ask = (feed: string, cursor: Cursor | undefined) => Promise<SubscribeReply>;

export class FeedSubscription {
  readonly feed: string;
  #cursor: Cursor | undefined;
  /** Grows with each attempt, so that the answer to an older one is told from the present. */
  #attempt = 0;
  #isPending = false;
  readonly #handlers: FeedHandlers;
  readonly #ask: Ask;
  readonly #forget: (subscription: FeedSubscription) => void;

  constructor(feed: string, handlers: FeedHandlers, ask: Ask, forget: (subscription: FeedSubscription) => void) {
    this.feed = feed;
    this.#handlers = handlers;
    this.#ask = ask;
    this.#forget = forget;
  }

  /** Asks the server to go on from the cursor; called on every new connection and on a gap. */
  async resume(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#isPending = true;
    try {
      const reply = await this.#ask(this.feed, this.#cursor);
      if (attempt !== this.#attempt) return;
      this.#isPending = false;
      if (reply.mode === 'resumed') return;
      this.#cursor = reply.cursor;
      this.#handlers.onSnapshot(reply.snapshot);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.#isPending = false;
      this.close();
      this.#handlers.onEnded?.(codeOf(error));
    }
  }

  /** The connection went; what was asked on it will not be answered. */
  suspend(): void {
    this.#attempt++;
    this.#isPending = true;
  }

  take({ epoch, prev, off, event }: EventFrame): void {
    const cursor = this.#cursor;
    if (!cursor || (cursor.epoch === epoch && off <= cursor.off)) return;
    if (cursor.epoch === epoch && prev === cursor.off) {
      this.#cursor = { epoch, off };
      this.#handlers.onEvent(event, off);
    } else if (!this.#isPending) {
      void this.resume();
    }
  }

  takeState(event: PublicEvent): void {
    this.#handlers.onEvent(event, 0);
  }

  takeSignal(signal: PublicSignal): void {
    this.#handlers.onSignal?.(signal);
  }

  /** The server cannot go on from our cursor: load again, or give up when it says so. */
  reset(isFinal: boolean): void {
    this.#cursor = undefined;
    if (!isFinal) {
      void this.resume();
      return;
    }
    this.close();
    this.#handlers.onEnded?.('forbidden');
  }

  close(): void {
    this.#attempt++;
    this.#forget(this);
  }
}
