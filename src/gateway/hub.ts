/**
 * Who follows what here. Created once per gateway over the tail of the event log; one channel per followed feed. Entries of feeds that nobody
 * here follows cost nothing. Guarantees per subscription: no gap and no repeat, over drops of Redis too (see `subscription.ts`).
 */
import type { GatewayLimits } from '../../config/limits.ts';
import type { Engine, FeedCursor, LogEntry, Scope } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { Viewer } from '../history/visibility.ts';
import type { Snapshot } from '../protocol/views.ts';
import { type Channel, type LazyEntry, OrderCheck } from './channel.ts';
import { ConversationChannel } from './conversationChannel.ts';
import { FiguresChannel } from './figuresChannel.ts';
import type { Metrics } from './metrics.ts';
import { type ReadEvent, readEvent } from './publicEvents.ts';
import { Rereads } from './rereads.ts';
import { RowChannel } from './rowChannel.ts';
import { readSignal } from './signals.ts';
import { type Follower, Subscription } from './subscription.ts';

export interface HubDeps {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits: Pick<GatewayLimits, 'queueRowsEveryMs' | 'ownRowsEveryMs' | 'statesEveryMs'>;
  /** Sees every entry of the log, for what concerns sockets rather than feeds. Its body is read only if it asks. */
  readonly onEntry: (lazy: LazyEntry) => void;
}

export interface Subscribe {
  readonly scope: Scope;
  readonly feed: string;
  /** As whom the follower reads it; the right was checked by the caller. */
  readonly viewer: Viewer;
  readonly cursor: FeedCursor | undefined;
}

export type Subscribed =
  | { readonly mode: 'resumed'; readonly feed: string; readonly cursor: FeedCursor }
  | { readonly mode: 'snapshot'; readonly feed: string; readonly cursor: FeedCursor; readonly snapshot: Snapshot };

/** A follower with its subscriptions by feed, which the hub keeps. */
export interface Following extends Follower {
  readonly subscriptions: Map<string, Subscription>;
}

interface Followed {
  readonly channel: Channel;
  readonly order: OrderCheck;
}

export class Hub {
  readonly #deps: HubDeps;
  readonly #followed = new Map<string, Followed>();
  readonly #rereads: Rereads;
  readonly #tail: ReturnType<Engine['feeds']['tail']>;
  readonly #signals: { close(): Promise<void> };

  constructor(deps: HubDeps) {
    this.#deps = deps;
    this.#rereads = new Rereads({
      log: deps.log,
      missed: async ({ feed, position }) => position && this.#followed.get(feed)?.channel.missed(position),
      reset: (subscription) => this.reset(subscription, false),
    });
    this.#tail = deps.engine.feeds.tail({ onEntry: (entry) => this.#onEntry(entry), onGap: () => this.#onGap() });
    this.#signals = deps.engine.signals.follow((topic, payload) => this.#onSignal(topic, payload));
  }

  /** The account's events are told from now on. True: they were not before. Sockets come in after this. @throws AppError unavailable */
  async include(scope: Scope): Promise<boolean> {
    try {
      return await this.#tail.include(scope);
    } catch (cause) {
      throw new AppError('unavailable', { cause });
    }
  }

  /**
   * The follower follows the feed from the cursor, or from now with a snapshot. `answer` is called before anything is pushed.
   * @throws AppError not_found, unavailable; nothing is followed then
   */
  async subscribe(
    follower: Following,
    { scope, feed, viewer, cursor }: Subscribe,
    answer: (subscribed: Subscribed) => void,
  ): Promise<void> {
    this.unsubscribe(follower, feed);
    const subscription = new Subscription(feed, scope, follower, viewer);
    const { channel } = this.#follow(feed, scope);
    channel.subscriptions.add(subscription);
    follower.subscriptions.set(feed, subscription);
    this.#deps.metrics.subscriptions.inc({ kind: kindOf(feed) });
    try {
      await this.#rereads.first(subscription, () => this.#begin(subscription, channel, cursor, answer));
    } catch (error) {
      this.#end(subscription);
      throw error;
    }
  }

  unsubscribe(follower: Following, feed: string): void {
    const subscription = follower.subscriptions.get(feed);
    if (subscription) this.#end(subscription);
  }

  /** The socket has gone. */
  leave(follower: Following): void {
    for (const subscription of follower.subscriptions.values()) this.#end(subscription);
  }

  /** Takes the feed away: the right to it was lost, or it cannot be resumed (`isFinal` false: subscribe anew). */
  reset(subscription: Subscription, isFinal: boolean): void {
    if (subscription.isOver) return;
    this.#end(subscription);
    subscription.follower.push(JSON.stringify({ t: 'reset', feed: subscription.feed, isFinal }));
  }

  async close(): Promise<void> {
    this.#rereads.close();
    await Promise.all([this.#tail.close(), this.#signals.close()]);
    for (const { channel } of this.#followed.values()) channel.close();
    this.#followed.clear();
  }

  async #begin(
    subscription: Subscription,
    channel: Channel,
    cursor: FeedCursor | undefined,
    answer: (subscribed: Subscribed) => void,
  ): Promise<void> {
    const { feed, viewer } = subscription;
    const missed = cursor && (await channel.missed(cursor));
    const read = missed ? undefined : await channel.snapshot(viewer);
    if (subscription.isOver) throw new AppError('conflict', { detail: 'The subscription was ended meanwhile.' });
    this.#deps.metrics.resumes.inc({ mode: read ? 'snapshot' : 'resumed' });
    if (cursor && missed) {
      subscription.begin(cursor);
      answer({ mode: 'resumed', feed, cursor });
      subscription.goLive(missed.shown, missed.upTo);
    } else if (read) {
      subscription.begin(read.cursor);
      answer({ mode: 'snapshot', feed, ...read });
      subscription.goLive([], read.cursor.off);
    }
  }

  #follow(feed: string, scope: Scope): Followed {
    const known = this.#followed.get(feed);
    if (known) return known;
    const followed: Followed = { channel: this.#open(feed, scope), order: new OrderCheck() };
    this.#followed.set(feed, followed);
    return followed;
  }

  #open(feed: string, scope: Scope): Channel {
    const { engine, limits } = this.#deps;
    const onBroken = (): void => this.#resetAll(feed);
    const kind = kindOf(feed);
    switch (kind) {
      case 'conversation':
        return new ConversationChannel(engine, scope, feed);
      case 'agent':
        return new RowChannel({ ...this.#deps, scope, feed, onBroken, everyMs: limits.ownRowsEveryMs });
      case 'queue':
        return new RowChannel({ ...this.#deps, scope, feed, onBroken, everyMs: limits.queueRowsEveryMs });
      case 'figures':
        return new FiguresChannel(this.#deps, scope, feed, limits.statesEveryMs);
      default:
        throw new AppError('not_found', { detail: `There is no feed of the kind ${kind}.` });
    }
  }

  #end(subscription: Subscription): void {
    if (subscription.isOver) return;
    subscription.end();
    const { feed, follower } = subscription;
    if ((follower as Following).subscriptions.get(feed) === subscription) (follower as Following).subscriptions.delete(feed);
    this.#deps.metrics.subscriptions.dec({ kind: kindOf(feed) });
    const followed = this.#followed.get(feed);
    if (!followed?.channel.subscriptions.delete(subscription) || followed.channel.subscriptions.size > 0) return;
    followed.channel.close();
    this.#followed.delete(feed);
  }

  #onEntry(entry: LogEntry): void {
    let event: ReadEvent | undefined;
    const lazy: LazyEntry = {
      entry,
      read: () => {
        event ??= readEvent(entry.type, entry.at, entry.body);
        return event;
      },
    };
    this.#deps.onEntry(lazy);
    let isPushed = false;
    for (const { feed, off } of entry.feeds) {
      const followed = this.#followed.get(feed);
      if (!followed) continue;
      isPushed = true;
      if (off > 0 && !followed.order.isNext(off)) this.#rereads.again(followed.channel.subscriptions);
      try {
        followed.channel.onEntry(lazy, off);
      } catch (error) {
        // An entry that cannot be shown must not become a silent gap.
        this.#deps.log.error({ err: error, feed, entry: entry.id }, 'hub.entry.failed');
        this.#resetAll(feed);
      }
    }
    if (isPushed) this.#deps.metrics.deliverySeconds.observe(Math.max(0, Date.now() - entry.at) / 1_000);
  }

  /** Every follower of the feed is asked to load it anew. */
  #resetAll(feed: string): void {
    for (const subscription of [...(this.#followed.get(feed)?.channel.subscriptions ?? [])]) this.reset(subscription, false);
  }

  #onSignal(topic: string, payload: string): void {
    const followed = this.#followed.get(topic);
    if (!followed) return;
    const { by, staffFrame, visitorFrame } = readSignal(topic, payload);
    for (const { follower, viewer } of followed.channel.subscriptions) {
      const frame = viewer.kind === 'staff' ? staffFrame : visitorFrame;
      if (frame !== undefined && follower.memberId !== by) follower.push(frame);
    }
  }

  #onGap(): void {
    this.#deps.metrics.gaps.inc();
    this.#deps.log.warn({ feeds: this.#followed.size }, 'hub.gap');
    const all: Subscription[] = [];
    for (const { channel, order } of this.#followed.values()) {
      order.restart();
      all.push(...channel.subscriptions);
    }
    this.#rereads.again(all);
  }
}

function kindOf(feed: string): string {
  return feed.slice(0, feed.indexOf(':'));
}
