/**
 * Video in the widget's first bundle: notices that there is, or is to be, a call, loads the part that can do it, and keeps the two in step. Created once
 * per widget; one call at a time. All that is heavy, drawing included, is in the other bundle (`callIsland.tsx`), which has a framework of its own:
 * what passes between them are plain functions and values.
 */
import { effect, signal } from '@preact/signals';
import type { Conversation } from '../conversation/conversation.ts';
import { newKey } from '../socket/socketClient.ts';
import type { PublicSignal, RoomView, VideoCommand, VideoRules } from '../socket/wire.ts';
import type { Partner } from '../video/partner.ts';
import type { Visitor } from './visitor.ts';

/** Where the call is seen: not, as a card over the chat, in place of it, or in the corner. */
export type CallLook = 'none' | 'card' | 'whole' | 'small';

export interface CallHost {
  readonly interaction: string;
  readonly origin: string;
  readonly language: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly rules: VideoRules;
  /** Whom the visitor talks to. */
  partner(): Partner;
  /** @throws with `code` */
  ask(body: VideoCommand): Promise<unknown>;
  onLook(look: CallLook): void;
}

/** What the other bundle gives back. */
export interface CallIsland {
  takeRoom(room: RoomView): void;
  takeSignal(heard: PublicSignal): void;
  takeReconnect(): void;
  takePanel(isOpen: boolean): void;
  begin(kind: RoomView['kind']): void;
  /** No call, nothing to show: it may be taken away. */
  readonly isIdle: boolean;
  close(): void;
}

export interface CallModule {
  mountCall(place: HTMLElement, host: CallHost): CallIsland;
}

/** Longer than a command is sent again: the room decides itself how long it tries. */
const GIVE_UP_MS = 10_000;

export class VisitorCalls {
  readonly look = signal<CallLook>('none');
  /** The conversation whose call is shown. */
  readonly interaction = signal<string | undefined>(undefined);
  readonly isLoading = signal(false);
  readonly isFailed = signal(false);
  readonly #visitor: Visitor;
  readonly #isOpen: () => boolean;
  readonly #begun = new Set<string>();
  #place: HTMLElement | undefined;
  #module: Promise<CallModule> | undefined;
  #island: CallIsland | undefined;
  #stops: (() => void)[] = [];

  /** `isOpen`: the widget's panel, as a signal is read. */
  constructor(visitor: Visitor, isOpen: () => boolean) {
    this.#visitor = visitor;
    this.#isOpen = isOpen;
  }

  /** The element that calls are drawn into; it stays as long as the widget. */
  start(place: HTMLElement): () => void {
    this.#place = place;
    return effect(() => {
      for (const conversation of this.#visitor.conversations.value) {
        const room = conversation.room.value;
        if (room && room.state !== 'ended' && !conversation.isOver.value) queueMicrotask(() => void this.#follow(conversation));
        else if (room === undefined && this.#isWanted(conversation)) queueMicrotask(() => void this.begin(conversation, 'video'));
      }
    });
  }

  isOffered(conversation: Conversation | undefined): boolean {
    const view = conversation?.view.value;
    return this.#visitor.group.video.isOn && view?.state === 'served' && this.look.value === 'none';
  }

  async begin(conversation: Conversation, kind: RoomView['kind']): Promise<void> {
    const island = await this.#follow(conversation);
    island?.begin(kind);
  }

  /** WID-4: it began as a video, and now an agent is there. Asked once, in the window that somebody looks at. */
  #isWanted({ id, view, isLoaded }: Conversation): boolean {
    const now = view.value;
    if (!isLoaded.value || now?.medium !== 'video' || now.state !== 'served' || this.#begun.has(id)) return false;
    if (document.visibilityState !== 'visible') return false;
    this.#begun.add(id);
    return true;
  }

  async #follow(conversation: Conversation): Promise<CallIsland | undefined> {
    if (this.interaction.peek() === conversation.id && this.#island) return this.#island;
    if (this.#island && !this.#island.isIdle) return undefined;
    this.isLoading.value = true;
    this.isFailed.value = false;
    try {
      const { mountCall } = await this.#load();
      if (this.interaction.peek() === conversation.id && this.#island) return this.#island;
      return this.#mount(mountCall, conversation);
    } catch (error) {
      console.error('centralino: calls could not be loaded', error);
      this.#module = undefined;
      this.isFailed.value = true;
      return undefined;
    } finally {
      this.isLoading.value = false;
    }
  }

  #load(): Promise<CallModule> {
    const address = `${this.#visitor.origin}/widget-call.js`;
    this.#module ??= import(/* @vite-ignore */ address) as Promise<CallModule>;
    return this.#module;
  }

  #mount(mountCall: CallModule['mountCall'], conversation: Conversation): CallIsland | undefined {
    if (!this.#place) return undefined;
    this.#unmount();
    const visitor = this.#visitor;
    const { id } = conversation;
    const island = mountCall(this.#place, {
      interaction: id,
      origin: visitor.origin,
      language: visitor.options.language,
      texts: visitor.group.texts,
      rules: visitor.group.video,
      partner: () => conversation.view.peek()?.owner ?? { name: visitor.group.name, id: visitor.group.publicId },
      ask: (body) => visitor.socket.command({ t: 'video.command', key: newKey(), interaction: id, body }, GIVE_UP_MS),
      onLook: (look) => (this.look.value = look),
    });
    this.#island = island;
    this.interaction.value = id;
    let wasOpen = true;
    this.#stops = [
      effect(() => conversation.room.value && island.takeRoom(conversation.room.value)),
      effect(() => conversation.roomSignal.value && island.takeSignal(conversation.roomSignal.value)),
      effect(() => island.takePanel(this.#isOpen())),
      effect(() => {
        const isOpen = visitor.socket.state.value.name === 'open';
        if (isOpen && !wasOpen) island.takeReconnect();
        wasOpen = isOpen;
      }),
    ];
    return island;
  }

  #unmount(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#island?.close();
    this.#island = undefined;
    this.interaction.value = undefined;
    this.look.value = 'none';
  }
}
