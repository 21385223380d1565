/**
 * The live figures of queues, from their state feeds. Created by the desk. A feed has one follower on the socket, while several parts of the desk
 * show the same queue: each says which queues it looks at, and a feed is followed while anybody does.
 */
import { signal } from '@preact/signals';
import type { FeedHandlers } from '../socket/feedSubscription.ts';
import type { QueueFigures } from '../socket/wire.ts';

interface Feeds {
  subscribe(feed: string, handlers: FeedHandlers): unknown;
  unsubscribe(feed: string): void;
}

export class FiguresFeeds {
  readonly all = signal<ReadonlyMap<string, QueueFigures>>(new Map());
  readonly #feeds: Feeds;
  readonly #lookers = new Map<string, number>();

  constructor(feeds: Feeds) {
    this.#feeds = feeds;
  }

  /** @returns stops looking */
  look(queue: string): () => void {
    const lookers = this.#lookers.get(queue) ?? 0;
    this.#lookers.set(queue, lookers + 1);
    if (lookers === 0) this.#follow(queue);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#leave(queue);
    };
  }

  #follow(queue: string): void {
    this.#feeds.subscribe(`figures:${queue}`, {
      onSnapshot: (snapshot) => snapshot.kind === 'figures' && this.#set(queue, snapshot.figures),
      onEvent: (event) => event.type === 'figures.changed' && this.#set(queue, event.figures),
      onEnded: () => this.#set(queue, undefined),
    });
  }

  #leave(queue: string): void {
    const left = (this.#lookers.get(queue) ?? 1) - 1;
    if (left > 0) {
      this.#lookers.set(queue, left);
      return;
    }
    this.#lookers.delete(queue);
    this.#feeds.unsubscribe(`figures:${queue}`);
    this.#set(queue, undefined);
  }

  #set(queue: string, figures: QueueFigures | undefined): void {
    const all = new Map(this.all.value);
    if (figures) all.set(queue, figures);
    else all.delete(queue);
    this.all.value = all;
  }
}
