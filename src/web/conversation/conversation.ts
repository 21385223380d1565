/**
 * One conversation as a browser knows it: view, messages, what happened. Created by widget and desk for each conversation they follow; fed by its feed.
 * Guarantees: messages stand in the order of their offsets, each once.
 */
import { batch, computed, signal } from '@preact/signals';
import type { FeedHandlers } from '../socket/feedSubscription.ts';
import type { InteractionView, Message, PublicEvent, PublicSignal, RoomView, Snapshot, VideoRules } from '../socket/wire.ts';
import { type CallNotice, withCall } from './callNotices.ts';

/** Something that happened between messages. */
export type Notice =
  | { readonly kind: 'taken' | 'joined' | 'left'; readonly off: number; readonly at: number; readonly name: string; readonly id: string }
  | { readonly kind: 'requeued'; readonly off: number; readonly at: number; readonly name: string }
  | {
      readonly kind: 'ended';
      readonly off: number;
      readonly at: number;
      readonly by: string;
      readonly name: string;
      readonly reason: string;
    }
  | { readonly kind: 'away' | 'back' | 'gone'; readonly off: number; readonly at: number }
  | CallNotice;

export interface Typist {
  readonly role: string;
  readonly id: string;
  readonly name: string;
  readonly preview: string;
}

/** A typing signal is repeated while it holds; after this time without one it is over. */
const TYPING_HOLDS_MS = 6_000;

export class Conversation implements FeedHandlers {
  readonly id: string;
  readonly view = signal<InteractionView | undefined>(undefined);
  readonly messages = signal<readonly Message[]>([]);
  readonly notices = signal<readonly Notice[]>([]);
  readonly hasEarlier = signal(false);
  readonly typist = signal<Typist | undefined>(undefined);
  /** Why it cannot be shown, or undefined. */
  readonly problem = signal<string | undefined>(undefined);
  readonly isLoaded = signal(false);
  /** Its video room, when there is or was one, and what was heard of it last. */
  readonly room = signal<RoomView | undefined>(undefined);
  readonly roomSignal = signal<PublicSignal | undefined>(undefined);
  /** For staff: what its group says about video. */
  readonly videoRules = signal<VideoRules | undefined>(undefined);
  readonly isOver = computed(() => this.view.value?.state === 'ended' || this.view.value?.state === 'closed');
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #onMessage: (message: Message, isNew: boolean) => void;

  /** `onMessage` hears of every message; `isNew` is false for those of a snapshot. */
  constructor(id: string, onMessage: (message: Message, isNew: boolean) => void, view?: InteractionView) {
    this.id = id;
    this.#onMessage = onMessage;
    this.view.value = view;
  }

  onSnapshot(snapshot: Snapshot): void {
    if (snapshot.kind !== 'conversation') return;
    batch(() => {
      this.view.value = snapshot.interaction;
      // Replaced, not merged: between what was known and what is loaded now there may be a gap.
      this.messages.value = snapshot.messages;
      this.hasEarlier.value = snapshot.hasEarlier;
      this.notices.value = withCall(noticesOf(snapshot.interaction, this.notices.value), snapshot.room);
      this.isLoaded.value = true;
      this.problem.value = undefined;
      this.room.value = snapshot.room;
      this.videoRules.value = snapshot.video;
    });
    for (const message of snapshot.messages) this.#onMessage(message, false);
  }

  onEvent(event: PublicEvent, off: number): void {
    batch(() => {
      const view = this.view.value;
      if (view) this.view.value = { ...changed(view, event), off };
      if (event.type === 'message.sent') {
        this.#merge([event.message]);
        if (this.typist.value?.id === event.message.from.id) this.#setTypist(undefined);
      }
      if (event.type === 'room.changed') {
        this.room.value = event.room;
        this.notices.value = withCall(this.notices.value, event.room);
      }
      const notice = noticeOf(event, off, view);
      if (notice) this.notices.value = [...this.notices.value.filter((old) => old.kind !== 'ended' || notice.kind !== 'ended'), notice];
    });
    if (event.type === 'message.sent') this.#onMessage(event.message, true);
  }

  onSignal(signalled: PublicSignal): void {
    if (signalled.type === 'video.quality' || signalled.type === 'video.speaker') this.roomSignal.value = signalled;
    if (signalled.type !== 'typing') return;
    const { from, isTyping, preview = '' } = signalled;
    this.#setTypist(isTyping ? { ...from, preview } : undefined);
  }

  onEnded(code: string): void {
    this.problem.value = code;
  }

  /** Puts earlier messages in front. */
  prepend(messages: readonly Message[], hasEarlier: boolean): void {
    batch(() => {
      this.#merge(messages);
      this.hasEarlier.value = hasEarlier;
    });
  }

  #setTypist(typist: Typist | undefined): void {
    clearTimeout(this.#typingTimer);
    this.typist.value = typist;
    if (typist) this.#typingTimer = setTimeout(() => (this.typist.value = undefined), TYPING_HOLDS_MS);
  }

  #merge(arrived: readonly Message[]): void {
    const byOff = new Map(this.messages.value.map((message) => [message.off, message]));
    for (const message of arrived) byOff.set(message.off, message);
    this.messages.value = [...byOff.values()].sort((a, b) => a.off - b.off);
  }
}

/** The view as it is after the event. */
function changed(view: InteractionView, event: PublicEvent): InteractionView {
  switch (event.type) {
    case 'message.sent': {
      const { message } = event;
      if (message.visibility !== 'everyone') return view;
      const isClients = message.from.role === 'customer';
      const { unansweredSince, ...rest } = view;
      return {
        ...rest,
        lastMessage: { text: message.text ?? message.file?.name ?? '', role: message.from.role, at: message.at },
        unread: isClients ? view.unread + 1 : 0,
        isUnanswered: isClients,
        ...(isClients && { unansweredSince: unansweredSince ?? message.at }),
      };
    }
    case 'messages.read':
      return event.by === 'client'
        ? { ...view, readByClient: Math.max(view.readByClient, event.upTo) }
        : { ...view, readByStaff: Math.max(view.readByStaff, event.upTo), unread: 0 };
    case 'client.presence': {
      const { presenceUntil: _, ...client } = view.client;
      return { ...view, client: { ...client, presence: event.presence, ...(event.until !== undefined && { presenceUntil: event.until }) } };
    }
    case 'interaction.taken':
      return { ...view, state: 'served', owner: event.agent, startedAt: view.startedAt ?? event.at };
    case 'interaction.requeued': {
      const { owner: _, ...rest } = view;
      return { ...rest, state: 'waiting' };
    }
    case 'participant.joined':
      return { ...view, participants: [...view.participants.filter((agent) => agent.id !== event.agent.id), event.agent] };
    case 'participant.left':
      return { ...view, participants: view.participants.filter((agent) => agent.id !== event.agent.id) };
    case 'interaction.ended':
      return { ...view, state: 'ended', endedAt: event.at, endedBy: event.by };
    case 'interaction.closed':
      return { ...view, state: 'closed', closedAt: event.at, ...(event.outcome !== undefined && { outcome: event.outcome }) };
    case 'rating.given':
      return { ...view, rating: event.value };
    default:
      return view;
  }
}

function noticeOf(event: PublicEvent, off: number, view: InteractionView | undefined): Notice | undefined {
  const { at } = event;
  switch (event.type) {
    case 'interaction.taken':
      return { kind: 'taken', off, at, ...event.agent };
    case 'participant.joined':
      return { kind: 'joined', off, at, ...event.agent };
    case 'participant.left':
      return { kind: 'left', off, at, ...event.agent };
    case 'interaction.requeued':
      return { kind: 'requeued', off, at, name: view?.owner?.name ?? '' };
    case 'interaction.ended':
      return { kind: 'ended', off, at, by: event.by, name: event.name, reason: event.reason };
    case 'client.presence':
      if (event.presence === 'gone') return { kind: 'gone', off, at };
      if (event.presence === 'reconnecting') return { kind: 'away', off, at };
      return view?.client.presence === 'reconnecting' ? { kind: 'back', off, at } : undefined;
    default:
      return undefined;
  }
}

/** After loading, what happened before is known from the view alone; what was heard live is kept. */
function noticesOf(view: InteractionView, heard: readonly Notice[]): readonly Notice[] {
  const notices = [...heard];
  if (view.owner && view.startedAt !== undefined && !heard.some((notice) => notice.kind === 'taken')) {
    notices.push({ kind: 'taken', off: 0, at: view.startedAt, ...view.owner });
  }
  if (view.endedAt !== undefined && !heard.some((notice) => notice.kind === 'ended')) {
    notices.push({
      kind: 'ended',
      off: view.off,
      at: view.endedAt,
      by: view.endedBy ?? '',
      name: view.endedBy === 'agent' ? (view.owner?.name ?? '') : '',
      reason: '',
    });
  }
  return notices;
}
