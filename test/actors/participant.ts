/**
 * What visitor and agent actors share: a socket client, the conversations they follow as timelines, and sending. Everything that the server
 * tells them goes into the ledger. Created by the actors' own constructors.
 */
import { z } from 'zod';
import type { PublicEvent } from '../../src/protocol/events.ts';
import { replies } from '../../src/protocol/frames.ts';
import { message, type Snapshot } from '../../src/protocol/views.ts';
import { addressOf } from '../support/workspace.ts';
import type { Chance } from './chance.ts';
import type { Feed } from './feed.ts';
import type { Ledger } from './ledger.ts';
import { SocketClient } from './socketClient.ts';
import { Timeline } from './timeline.ts';

export interface ParticipantOptions {
  /** Base addresses of gateways. */
  readonly gateways: readonly string[];
  readonly chance: Chance;
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  /** For people who read a verdict. */
  readonly name: string;
  /** Client address as a proxy tells it; absent: one by chance. */
  readonly address?: string;
}

const EARLIER_AT_ONCE = 100;
const earlierReply = z.object({ messages: z.array(message), hasEarlier: z.boolean() });

export abstract class Participant {
  readonly name: string;
  readonly client: SocketClient;
  readonly chance: Chance;
  readonly timelines = new Map<string, Timeline>();
  /** Why the server closed for good; undefined while it did not. */
  refusal: string | undefined;
  protected readonly ledger: Ledger;
  protected readonly options: ParticipantOptions;
  #messages = 0;

  constructor(options: ParticipantOptions) {
    this.options = options;
    this.name = options.name;
    this.chance = options.chance;
    this.ledger = options.ledger;
    this.client = new SocketClient({
      gateways: options.gateways,
      chance: options.chance.fork(),
      signal: options.signal,
      address: options.address ?? addressOf(options.chance.between(1, 0xffffff)),
      hello: () => this.hello(),
      onHello: (body) => this.greeted(body),
      onRefused: (code) => {
        this.refusal = code;
      },
      onBreach: (text) => this.ledger.breach(`${this.name}: ${text}`),
    });
  }

  /** The hello of the next connection. */
  protected abstract hello(): Promise<Record<string, unknown>>;
  protected abstract greeted(body: Record<string, unknown>): void;

  /** Times an event showed that others before it were missing; 0 in a healthy run. */
  get gaps(): number {
    return this.client.feeds.reduce((sum, feed) => sum + feed.gaps, 0);
  }

  /** Whether every followed feed is subscribed at this moment. */
  get isLive(): boolean {
    return this.client.isOpen && this.client.feeds.every((feed) => feed.isLive);
  }

  /** Sends a message and waits for its acknowledgement, over lost connections too. @throws CommandError when it is refused */
  async say(interaction: string, text: string, extra: { visibility?: string; claim?: boolean } = {}): Promise<number> {
    const mid = `${this.chance.key()}-${this.#messages++}`.slice(0, 40);
    const body = replies['chat.send'].parse(await this.client.command({ t: 'chat.send', interaction, mid, text, ...extra }));
    if (body.mid !== mid) this.ledger.breach(`${this.name}: the reply to ${mid} names ${body.mid}`);
    this.ledger.acknowledge({ interaction, mid, off: body.off, by: this.name, visibility: extra.visibility ?? 'everyone' });
    return body.off;
  }

  read(interaction: string, upTo: number): Promise<unknown> {
    return this.client.command({ t: 'chat.read', interaction, upTo });
  }

  /** Follows the conversation from now on; its timeline is completed with what was said before. */
  followConversation(interaction: string): Timeline {
    const known = this.timelines.get(interaction);
    if (known) return known;
    const timeline = this.ledger.keep(new Timeline(interaction, this.name));
    this.timelines.set(interaction, timeline);
    const feed: Feed = this.client.follow(`conversation:${interaction}`, {
      onSnapshot: (snapshot, cursor) => this.#load(timeline, snapshot, cursor.off),
      onEvent: (event, off) => {
        timeline.add(event, off);
        if (event.type === 'interaction.closed') this.ledger.closed(interaction);
        this.told(event);
      },
      onEnded: () => {
        timeline.leftAt = feed.cursor?.off ?? 0;
      },
    });
    return timeline;
  }

  /** An event of a conversation or an own feed. */
  protected told(_event: PublicEvent): void {
    // Actors that care override it.
  }

  #load(timeline: Timeline, snapshot: Snapshot, off: number): void {
    if (snapshot.kind !== 'conversation') {
      this.ledger.breach(`${this.name}: a conversation feed began with a snapshot of kind ${snapshot.kind}`);
      return;
    }
    timeline.view = snapshot.interaction;
    timeline.load(snapshot.messages, off);
    if (snapshot.interaction.state === 'closed') this.ledger.closed(timeline.interaction);
    const first = snapshot.messages[0]?.off;
    if (snapshot.hasEarlier && first !== undefined)
      this.#loadEarlier(timeline, first).catch((error: unknown) => this.ledger.breach(`${this.name}: earlier messages: ${String(error)}`));
  }

  async #loadEarlier(timeline: Timeline, before: number): Promise<void> {
    for (let first = before; ; ) {
      const body = await this.client.command({
        t: 'chat.earlier',
        interaction: timeline.interaction,
        before: first,
        limit: EARLIER_AT_ONCE,
      });
      const page = earlierReply.parse(body);
      timeline.addEarlier(page.messages);
      const oldest = page.messages[0]?.off;
      if (!page.hasEarlier || oldest === undefined) return;
      first = oldest;
    }
  }
}
