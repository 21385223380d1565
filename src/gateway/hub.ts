/**
 * Who follows what here. Created once per gateway over the tail of the event log; one channel per followed feed. Entries of feeds that nobody
 * here follows cost nothing. Guarantees per subscription: no gap and no repeat, over drops of Redis too (see `subscription.ts`).
 */
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
import { RowChannel } from './rowChannel.ts';
import { type Follower, Subscription } from './subscription.ts';
import { readTyping } from './typing.ts';

const RETRY_MS = 300;
/** Feeds read again at a time after a gap. */
const REREADS_AT_ONCE = 32;

export interface HubDeps {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly rowsEveryMs: number;
  readonly statesEveryMs: number;
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
  /** Subscriptions that are being read (again); true: once more, because a gap came meanwhile. */
  readonly #rereading = new Map<Subscription, boolean>();
  readonly #tail: ReturnType<Engine['feeds']['tail']>;
  readonly #signals: { close(): Promise<void> };
  #isClosed = false;

  constructor(deps: HubDeps) {
    this.#deps = deps;
    this.#tail = deps.engine.feeds.tail({ onEntry: (entry) => this.#onEntry(entry), onGap: () => this.#onGap() });
    this.#signals = deps.engine.signals.follow((topic, payload) => this.#onSignal(topic, payload));
  }

  /** Resolves when the tail is being followed; before that nothing may be subscribed. */
  get started(): Promise<void> {
    return this.#tail.started;
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
    this.#rereading.set(subscription, false);
    try {
      await this.#begin(subscription, channel, cursor, answer);
    } catch (error) {
      this.#end(subscription);
      throw error;
    } finally {
      const isGapped = this.#rereading.get(subscription);
      this.#rereading.delete(subscription);
      if (isGapped && !subscription.isOver) this.#reread([subscription]);
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
    this.#isClosed = true;
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
    const { engine, rowsEveryMs, statesEveryMs } = this.#deps;
    const kind = kindOf(feed);
    switch (kind) {
      case 'conversation':
        return new ConversationChannel(engine, scope, feed);
      case 'agent':
      case 'queue':
        return new RowChannel(this.#deps, scope, feed, rowsEveryMs);
      case 'figures':
        return new FiguresChannel(this.#deps, scope, feed, statesEveryMs);
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
      if (off > 0 && !followed.order.isNext(off)) this.#reread([...followed.channel.subscriptions]);
      followed.channel.onEntry(lazy, off);
    }
    if (isPushed) this.#deps.metrics.deliverySeconds.observe(Math.max(0, Date.now() - entry.at) / 1_000);
  }

  #onSignal(topic: string, payload: string): void {
    const followed = this.#followed.get(topic);
    if (!followed) return;
    const signal = readTyping(topic, payload);
    for (const { follower, viewer } of followed.channel.subscriptions) {
      if (follower.memberId !== signal.by) follower.push(viewer.kind === 'staff' ? signal.staffFrame : signal.visitorFrame);
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
    this.#reread(all);
  }

  /** Reads each feed again from where its subscription stands. */
  #reread(subscriptions: readonly Subscription[]): void {
    const waiting: Subscription[] = [];
    for (const subscription of subscriptions) {
      if (this.#rereading.has(subscription)) this.#rereading.set(subscription, true);
      else {
        this.#rereading.set(subscription, false);
        subscription.hold();
        waiting.push(subscription);
      }
    }
    const next = async (): Promise<void> => {
      for (let subscription = waiting.pop(); subscription; subscription = waiting.pop()) await this.#rereadOne(subscription);
    };
    for (let lane = 0; lane < REREADS_AT_ONCE; lane++) void next();
  }

  async #rereadOne(subscription: Subscription): Promise<void> {
    while (!subscription.isOver && !this.#isClosed) {
      this.#rereading.set(subscription, false);
      try {
        const { position } = subscription;
        const missed = position && (await this.#followed.get(subscription.feed)?.channel.missed(position));
        if (this.#rereading.get(subscription)) continue;
        if (missed) subscription.goLive(missed.shown, missed.upTo);
        else this.reset(subscription, false);
        break;
      } catch (error) {
        if (!(error instanceof AppError)) this.#deps.log.error({ err: error, feed: subscription.feed }, 'hub.reread.failed');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#rereading.delete(subscription);
  }
}

function kindOf(feed: string): string {
  return feed.slice(0, feed.indexOf(':'));
}
