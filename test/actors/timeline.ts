/**
 * What one participant knows of one conversation: its messages and what happened to it, by feed offset. Created by actors, read by the ledger.
 * Pieces come from snapshots, earlier pages and events; two pieces that contradict each other are a breach.
 */
import type { PublicEvent } from '../../src/protocol/events.ts';
import type { InteractionView, Message } from '../../src/protocol/views.ts';

/** Something told about the conversation other than a message. */
export interface Moment {
  readonly off: number;
  readonly at: number;
  readonly event: Exclude<PublicEvent, { type: 'message.sent' }>;
}

/** A stretch of offsets (first, last] of which every event that this participant may see was received. */
export interface Stretch {
  readonly first: number;
  last: number;
}

export class Timeline {
  readonly interaction: string;
  /** The participant, for people who read a verdict. */
  readonly reader: string;
  readonly messages = new Map<number, Message>();
  readonly moments = new Map<number, Moment>();
  readonly stretches: Stretch[] = [];
  readonly breaches: string[] = [];
  /** The latest view, from a snapshot. */
  view: InteractionView | undefined;
  /** Last offset before the reader lost the right to follow; what came later is not the reader's. */
  leftAt: number | undefined;

  constructor(interaction: string, reader: string) {
    this.interaction = interaction;
    this.reader = reader;
  }

  load(messages: readonly Message[], off: number): void {
    for (const message of messages) this.#addMessage(message);
    this.stretches.push({ first: off, last: off });
  }

  /** A page of older messages. */
  addEarlier(messages: readonly Message[]): void {
    for (const message of messages) this.#addMessage(message);
  }

  add(event: PublicEvent, off: number): void {
    const stretch = this.stretches.at(-1);
    if (stretch) stretch.last = off;
    if (event.type === 'message.sent') {
      if (event.message.off !== off) this.#breach(`the message at ${off} says it is at ${event.message.off}`);
      if (this.messages.has(off)) this.#breach(`the message at ${off} came twice`);
      this.#addMessage(event.message);
    } else {
      this.moments.set(off, { off, at: event.at, event });
    }
  }

  /** Messages in the order of the conversation. */
  ordered(): Message[] {
    return [...this.messages.values()].sort((a, b) => a.off - b.off);
  }

  /** Who owns it as far as the reader was told; undefined: nobody. */
  get owner(): string | undefined {
    let owner = this.view?.owner?.id;
    const since = this.view?.off ?? 0;
    for (const { off, event } of [...this.moments.values()].sort((a, b) => a.off - b.off)) {
      if (off <= since) continue;
      if (event.type === 'interaction.taken') owner = event.agent.id;
      if (event.type === 'interaction.requeued') owner = undefined;
    }
    return owner;
  }

  has(type: PublicEvent['type']): boolean {
    return [...this.moments.values()].some(({ event }) => event.type === type);
  }

  #addMessage(message: Message): void {
    const known = this.messages.get(message.off);
    if (known && (known.mid !== message.mid || known.text !== message.text))
      this.#breach(`two messages stand at ${message.off}: ${known.mid} and ${message.mid}`);
    this.messages.set(message.off, message);
  }

  #breach(text: string): void {
    this.breaches.push(`${this.reader}, ${this.interaction}: ${text}`);
  }
}
