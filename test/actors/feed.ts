/**
 * One subscription of an actor to a feed. Created by `SocketClient.follow`, outlives connections. Its handlers get every event once and in order,
 * as a correct client would: it resumes by cursor, and asks again when `prev` shows that something is missing. What the server may never do is a breach.
 */
import type { z } from 'zod';
import type { Cursor } from '../../src/protocol/common.ts';
import type { PublicEvent, PublicSignal } from '../../src/protocol/events.ts';
import { replies, type ServerFrame } from '../../src/protocol/frames.ts';
import type { Snapshot } from '../../src/protocol/views.ts';
import { CommandError } from './commandError.ts';

export interface FeedHandlers {
  onSnapshot?(snapshot: Snapshot, cursor: Cursor): void;
  onEvent?(event: PublicEvent, off: number): void;
  onState?(event: PublicEvent): void;
  onSignal?(signal: PublicSignal): void;
  /** The server does not let us follow it (any more). */
  onEnded?(code: string): void;
}

export interface FeedLink {
  subscribe(feed: string, cursor: Cursor | undefined): Promise<unknown>;
  breach(text: string): void;
}

type EventFrame = Extract<ServerFrame, { t: 'event' }>;
type SubscribeReply = z.infer<typeof replies.subscribe>;

export class Feed {
  readonly name: string;
  cursor: Cursor | undefined;
  /** Snapshots taken so far; events between two equal values are contiguous. */
  loads = 0;
  /** Times an event showed that something before it was missing. */
  gaps = 0;
  readonly #handlers: FeedHandlers;
  readonly #link: FeedLink;
  /** Grows with each attempt; answers to older ones are void. */
  #attempt = 0;
  #isAsking = false;
  /** Highest offset pushed on the present subscription. */
  #pushed = 0;
  #isEnded = false;

  constructor(name: string, handlers: FeedHandlers, link: FeedLink) {
    this.name = name;
    this.#handlers = handlers;
    this.#link = link;
  }

  get isLive(): boolean {
    return !this.#isAsking && !this.#isEnded && this.cursor !== undefined;
  }

  /** Subscribes, from the cursor if there is one. Called on every connection. */
  async resume(): Promise<void> {
    if (this.#isEnded) return;
    const attempt = ++this.#attempt;
    this.#isAsking = true;
    this.#pushed = 0;
    let answer: unknown;
    try {
      answer = await this.#link.subscribe(this.name, this.cursor);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      if (!(error instanceof CommandError)) throw error;
      this.#end(error.code);
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#isAsking = false;
    const parsed = replies.subscribe.safeParse(answer);
    if (parsed.success) this.#take(parsed.data);
    else this.#link.breach(`${this.name}: the reply to subscribe does not match the protocol: ${parsed.error.message}`);
  }

  #take(reply: SubscribeReply): void {
    if (reply.mode === 'resumed') {
      const isWhereAsked = reply.cursor.epoch === this.cursor?.epoch && reply.cursor.off === this.cursor.off;
      if (!isWhereAsked) this.#link.breach(`${this.name}: resumed from another place than asked`);
      return;
    }
    this.loads++;
    this.cursor = reply.cursor;
    this.#handlers.onSnapshot?.(reply.snapshot, reply.cursor);
  }

  /** The connection is gone. */
  suspend(): void {
    this.#attempt++;
    this.#isAsking = true;
  }

  takeEvent({ epoch, prev, off, event }: EventFrame): void {
    if (this.#isEnded) return;
    if (off <= this.#pushed) {
      this.#link.breach(`${this.name}: offset ${off} was pushed after ${this.#pushed} on one subscription`);
      return;
    }
    const { cursor } = this;
    if (!cursor || this.#isAsking) return;
    this.#pushed = off;
    if (cursor.epoch === epoch && off <= cursor.off) {
      this.#link.breach(`${this.name}: offset ${off} came again, ${cursor.off} was seen`);
      return;
    }
    if (cursor.epoch === epoch && prev === cursor.off) {
      this.cursor = { epoch, off };
      this.#handlers.onEvent?.(event, off);
      return;
    }
    this.gaps++;
    void this.resume();
  }

  takeState(event: PublicEvent): void {
    this.#handlers.onState?.(event);
  }

  takeSignal(signal: PublicSignal): void {
    this.#handlers.onSignal?.(signal);
  }

  reset(isFinal: boolean): void {
    this.cursor = undefined;
    if (isFinal) this.#end('forbidden');
    else void this.resume();
  }

  #end(code: string): void {
    this.#isEnded = true;
    this.#attempt++;
    this.#handlers.onEnded?.(code);
  }
}
