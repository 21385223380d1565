/**
 * One socket's place in one feed. Created by the hub for each `subscribe`. Guarantees that the socket gets every event of the feed that it
 * may see once, in order, each naming the one pushed before it (`prev`).
 *
 * It is `loading` while what was missed is being read; what comes meanwhile waits in `held`, and of it only what lies behind the read is pushed.
 */
import type { FeedCursor, Scope } from '../../queues/engine.ts';
import type { Viewer } from '../history/visibility.ts';

/** What the hub needs of a socket. */
export interface Follower {
  /** Contact or user: nobody is told of their own typing. */
  readonly memberId: string;
  push(frame: string | Uint8Array): void;
  follows(feed: string): boolean;
}

/** An event of a feed, ready to be shown. `off` 0: state, which has no place in the order. */
export interface Shown {
  readonly off: number;
  /** JSON of the public event for the viewer; undefined: not for them. */
  json(viewer: Viewer): string | undefined;
}

export class Subscription {
  readonly feed: string;
  readonly scope: Scope;
  readonly follower: Follower;
  /** As whom the follower reads the feed. */
  readonly viewer: Viewer;
  #state: 'loading' | 'live' | 'over' = 'loading';
  #held: Shown[] = [];
  #epoch: string | undefined;
  /** Offset of the event pushed last: `prev` of the next. */
  #pushed = 0;
  /** Offset up to which the feed was looked at, hidden events included. */
  #seen = 0;

  constructor(feed: string, scope: Scope, follower: Follower, viewer: Viewer) {
    this.feed = feed;
    this.scope = scope;
    this.follower = follower;
    this.viewer = viewer;
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Where a read that fills a gap begins; undefined before `begin`. */
  get position(): FeedCursor | undefined {
    return this.#epoch === undefined ? undefined : { epoch: this.#epoch, off: this.#seen };
  }

  /** The client stands at the cursor: the snapshot it was given, or its own. */
  begin({ epoch, off }: FeedCursor): void {
    this.#epoch = epoch;
    this.#seen = off;
    this.#pushed = off;
  }

  /** What was missed, in order, up to `upTo`; then what was held, and it is live. */
  goLive(missed: readonly Shown[], upTo: number): void {
    if (this.#state === 'over') return;
    for (const shown of missed) this.#push(shown);
    if (upTo > this.#seen) this.#seen = upTo;
    const held = this.#held;
    this.#held = [];
    this.#state = 'live';
    for (const shown of held) this.#push(shown);
  }

  /** Back to reading: something may have been missed. */
  hold(): void {
    if (this.#state === 'live') this.#state = 'loading';
  }

  end(): void {
    this.#state = 'over';
    this.#held = [];
  }

  /** An event that has just come. `frames` shares the frame among the followers that stand at the same place. */
  show(shown: Shown, frames?: SharedFrames): void {
    if (this.#state === 'live') this.#push(shown, frames);
    else if (this.#state === 'loading') this.#held.push(shown);
  }

  #push(shown: Shown, frames?: SharedFrames): void {
    if (shown.off === 0) {
      const json = shown.json(this.viewer);
      if (json !== undefined) this.follower.push(`{"t":"state","feed":"${this.feed}","event":${json}}`);
      return;
    }
    if (shown.off <= this.#seen) return;
    this.#seen = shown.off;
    const json = shown.json(this.viewer);
    if (json === undefined) return;
    const head = `{"t":"event","feed":"${this.feed}","epoch":"${this.#epoch}","prev":${this.#pushed},"off":${shown.off},"event":`;
    this.#pushed = shown.off;
    this.follower.push(frames ? frames.get(head, json) : `${head}${json}}`);
  }
}

/** Frames of one event, encoded once for all followers that get the same bytes. Lives as long as the event is being pushed. */
export class SharedFrames {
  #head = '';
  #json = '';
  #bytes: Uint8Array | undefined;

  get(head: string, json: string): Uint8Array {
    if (this.#bytes === undefined || head !== this.#head || json !== this.#json) {
      this.#head = head;
      this.#json = json;
      this.#bytes = Buffer.from(`${head}${json}}`);
    }
    return this.#bytes;
  }
}
