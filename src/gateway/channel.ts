/** What the hub keeps per feed that somebody here follows, whatever its kind. */
import type { FeedCursor, LogEntry } from '../../queues/engine.ts';
import type { Viewer } from '../history/visibility.ts';
import type { Snapshot } from '../protocol/views.ts';
import type { ReadEvent } from './publicEvents.ts';
import type { Shown, Subscription } from './subscription.ts';

/** What came after a cursor, ready to be pushed, and how far the feed was looked at. */
export interface Missed {
  readonly shown: readonly Shown[];
  readonly upTo: number;
}

/** An entry of the log whose body is read when somebody needs it, and once. */
export interface LazyEntry {
  readonly entry: LogEntry;
  read(): ReadEvent;
}

export interface Channel {
  readonly subscriptions: Set<Subscription>;
  /** The log's entry stands in this feed at `off` (0: state, not stored). */
  onEntry(lazy: LazyEntry, off: number): void;
  /** undefined: that can no longer be known exactly. @throws AppError unavailable */
  missed(after: FeedCursor): Promise<Missed | undefined>;
  /** @throws AppError not_found, unavailable */
  snapshot(viewer: Viewer): Promise<{ readonly cursor: FeedCursor; readonly snapshot: Snapshot }>;
  close(): void;
}

/** Notices an offset that was skipped, so that a fault of the tail never becomes a silent gap. */
export class OrderCheck {
  #last: number | undefined;

  /** Whether `off` follows what came before (or nothing came yet, or it is old). */
  isNext(off: number): boolean {
    const last = this.#last;
    if (last === undefined || off > last) this.#last = off;
    return last === undefined || off <= last + 1;
  }

  /** The tail begins anew. */
  restart(): void {
    this.#last = undefined;
  }
}
