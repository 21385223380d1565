/** The feed of one conversation: every event as it stands in the log, so nothing has to be read to show it. Created by the hub. */
import type { Engine, FeedCursor, Scope } from '../../queues/engine.ts';
import type { EventType } from '../../queues/events.ts';
import { AppError } from '../base/errors.ts';
import type { GroupId, InteractionId } from '../base/ids.ts';
import { isVisible, type Viewer } from '../history/visibility.ts';
import type { CallView } from '../protocol/calls.ts';
import type { RoomView, VideoRules } from '../protocol/video.ts';
import type { InteractionView, Message, Snapshot } from '../protocol/views.ts';
import type { Channel, LazyEntry, Missed } from './channel.ts';
import { conversationEvent, type ReadEvent, readEvent, viewForVisitor } from './publicEvents.ts';
import { SharedFrames, type Shown, type Subscription } from './subscription.ts';

/** A snapshot shows at least so many messages, where there are as many. */
const FEWEST_SHOWN = 10;
const EARLIER_PAGE = 100;

interface MessagesPage {
  readonly messages: Message[];
  readonly hasEarlier: boolean;
}

/** Events that read differently for staff and for the visitor. */
const DIFFERENT: ReadonlySet<EventType> = new Set(['interaction.closed', 'call.changed']);

export class ConversationChannel implements Channel {
  readonly subscriptions = new Set<Subscription>();
  readonly #engine: Engine;
  readonly #scope: Scope;
  readonly #feed: string;
  readonly #interaction: InteractionId;

  constructor(engine: Engine, scope: Scope, feed: string) {
    this.#engine = engine;
    this.#scope = scope;
    this.#feed = feed;
    this.#interaction = feed.slice(feed.indexOf(':') + 1) as InteractionId;
  }

  onEntry(lazy: LazyEntry, off: number): void {
    const shown = new ConversationShown(off, lazy.read());
    const frames = this.subscriptions.size > 1 ? new SharedFrames() : undefined;
    for (const subscription of this.subscriptions) subscription.show(shown, frames);
  }

  async missed(after: FeedCursor): Promise<Missed | undefined> {
    const read = await this.#engine.feeds.read(this.#scope, this.#feed, after);
    if (read.kind === 'reload') return undefined;
    return {
      shown: read.events.map(({ off, type, at, body }) => new ConversationShown(off, readEvent(type, at, body))),
      upTo: read.cursor.off,
    };
  }

  async snapshot(viewer: Viewer): Promise<{ cursor: FeedCursor; snapshot: Snapshot }> {
    const view = await this.#engine.views.conversation(this.#scope, this.#interaction);
    if (!view) throw new AppError('not_found');
    const { cursor, interaction } = view;
    const { messages, hasEarlier } = await this.#visible(view, viewer);
    return {
      cursor,
      snapshot: {
        kind: 'conversation',
        interaction: viewer.kind === 'staff' ? interaction : viewForVisitor(interaction),
        messages,
        hasEarlier,
        ...(viewer.kind === 'staff' && (await this.#call(interaction))),
        ...(await this.#room(interaction)),
        ...(viewer.kind === 'staff' && (await this.#videoRules(interaction))),
      },
    };
  }

  async #call({ id, medium }: InteractionView): Promise<{ call: CallView } | undefined> {
    const call = medium === 'voice' ? await this.#engine.views.call(this.#scope, id as InteractionId) : undefined;
    return call === undefined ? undefined : { call: JSON.parse(call) as CallView };
  }

  async #room({ id }: InteractionView): Promise<{ room: RoomView } | undefined> {
    const room = await this.#engine.views.room(this.#scope, id as InteractionId);
    return room === undefined ? undefined : { room: JSON.parse(room) as RoomView };
  }

  async #videoRules({ group }: InteractionView): Promise<{ video: VideoRules } | undefined> {
    const doc = group === undefined ? undefined : await this.#engine.config.group(this.#scope, group as GroupId);
    return doc && { video: doc.video };
  }

  /** The latest messages that the viewer may see. Lines that are not for them must not crowd out those that are, so it reads on. */
  async #visible(latest: MessagesPage, viewer: Viewer): Promise<MessagesPage> {
    const visible = ({ visibility, from }: Message): boolean => isVisible({ visibility, authorId: from.id }, viewer);
    const messages = latest.messages.filter(visible);
    let { hasEarlier } = latest;
    for (let first = latest.messages[0]; hasEarlier && first && messages.length < FEWEST_SHOWN; ) {
      const page = await this.#engine.views.earlierMessages(this.#scope, this.#interaction, first.off, EARLIER_PAGE);
      messages.unshift(...(page?.messages.filter(visible) ?? []));
      hasEarlier = page?.hasEarlier ?? false;
      first = page?.messages[0];
    }
    return { messages, hasEarlier };
  }

  close(): void {
    this.subscriptions.clear();
  }
}

/** One event; its JSON is made once, however many follow. */
class ConversationShown implements Shown {
  readonly off: number;
  readonly #event: ReadEvent;
  #json: string | undefined;
  #visitorJson: string | undefined;

  constructor(off: number, event: ReadEvent) {
    this.off = off;
    this.#event = event;
  }

  json(viewer: Viewer): string | undefined {
    const event = this.#event;
    if (event.type === 'message.sent' && !isVisible({ visibility: event.body.vis, authorId: event.body.by }, viewer)) return undefined;
    if (viewer.kind === 'visitor' && DIFFERENT.has(event.type)) {
      this.#visitorJson ??= JSON.stringify(conversationEvent(event, false));
      return this.#visitorJson;
    }
    this.#json ??= JSON.stringify(conversationEvent(event, true));
    return this.#json;
  }
}
