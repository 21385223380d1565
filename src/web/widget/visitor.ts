/**
 * A visitor's side of one group: the connection, the own conversations, what is on its way. Created once per script tag, lives as long as the page.
 * Guarantees: the same person after a reload and in other tabs (token in localStorage); a text once accepted by the composer is sent or shown as failed.
 */
import { batch, computed, effect, signal } from '@preact/signals';
import { PROTOCOL_VERSION } from '../../protocol/limits.ts';
import { Conversation } from '../conversation/conversation.ts';
import type { RestHost } from '../conversation/rest.ts';
import { TypingSignal } from '../conversation/typingSignal.ts';
import { CommandError } from '../socket/commandError.ts';
import { Outbox, type OutboxItem } from '../socket/outbox.ts';
import { newKey, SocketClient, socketUrl } from '../socket/socketClient.ts';
import type { FileView, InteractionView, Message, VisitorHello } from '../socket/wire.ts';
import { keep, kept } from './keep.ts';
import type { PublicGroup, WidgetOptions } from './options.ts';
import { emit } from './widgetEvents.ts';

/** Stands in the outbox for the conversation that its first message will open. */
export const NEW = 'new';
const UNKNOWN_TOKEN: ReadonlySet<string> = new Set(['unauthenticated', '4501']);

export class Visitor implements RestHost {
  readonly origin: string;
  readonly options: WidgetOptions;
  readonly group: PublicGroup;
  readonly conversations = signal<readonly Conversation[]>([]);
  readonly isOnline = signal(false);
  readonly contact = signal('');
  readonly outbox: Outbox;
  readonly socket: SocketClient<VisitorHello>;
  readonly unread = computed(() => this.conversations.value.reduce((sum, conversation) => sum + this.unreadIn(conversation), 0));
  /** Newest activity first. */
  readonly recent = computed(() => [...this.conversations.value].sort((a, b) => activityOf(b) - activityOf(a)));
  /** Called when the conversation being written gets its id. */
  onStarted: ((id: string) => void) | undefined;
  readonly #loaded = new Set<string>();
  readonly #typing = new TypingSignal((interaction, isTyping, preview) =>
    this.socket.notify({ t: 'chat.typing', interaction, isTyping, preview }),
  );
  #token: string | undefined;
  #videoStart: Promise<{ conversation: Conversation; off: number }> | undefined;

  constructor(options: WidgetOptions, group: PublicGroup) {
    this.options = options;
    this.group = group;
    this.origin = options.origin;
    this.isOnline.value = group.isOnline;
    this.#token = kept('local', this.#tokenKey);
    this.outbox = new Outbox({ send: (item) => this.#send(item), storageKey: `centralino:outbox:${options.group}` });
    this.socket = new SocketClient<VisitorHello>({
      url: socketUrl(options.origin),
      hello: () => this.#hello(),
      onHello: (reply) => this.#welcome(reply),
      // Another tab of this visitor opened a conversation: follow it here too.
      onSignal: (signalled) => signalled.type === 'conversation.started' && this.#follow(signalled.interaction),
    });
  }

  start(): void {
    effect(() => {
      const state = this.socket.state.value;
      // A token that the server does not know (its data was erased, the secret changed) would lock this browser out for good: begin as a new visitor.
      if (state.name !== 'refused' || !UNKNOWN_TOKEN.has(state.code) || this.#token === undefined) return;
      this.#token = undefined;
      keep('local', this.#tokenKey, undefined);
      queueMicrotask(() => this.socket.retryNow());
    });
    this.socket.start();
    this.outbox.start();
  }

  credentials(): Record<string, string> {
    return { Authorization: `Visitor ${this.#token ?? ''}.${this.options.group}` };
  }

  /** WID-4: opens a conversation that is routed as a video; its call can begin once an agent is there. @throws CommandError forbidden (not offered) */
  async startVideo(): Promise<Conversation> {
    // One intent: two clicks open one conversation.
    this.#videoStart ??= this.#start(newKey(), { medium: 'video' }).finally(() => {
      this.#videoStart = undefined;
    });
    return (await this.#videoStart).conversation;
  }

  find(id: string): Conversation | undefined {
    return this.conversations.value.find((conversation) => conversation.id === id);
  }

  load(conversation: Conversation): void {
    if (this.#loaded.has(conversation.id)) return;
    this.#loaded.add(conversation.id);
    this.socket.subscribe(`conversation:${conversation.id}`, conversation);
  }

  write(conversation: string, text: string, file?: FileView): void {
    this.outbox.add({ conversation, text, ...(file && { file }) });
    this.#typing.stop(conversation);
  }

  isMine = (message: Message): boolean => message.from.role === 'customer';

  /** Staff messages after the client's read mark. */
  unreadIn(conversation: Conversation): number {
    const upTo = conversation.view.value?.readByClient ?? 0;
    return conversation.messages.value.filter((message) => !this.isMine(message) && message.off > upTo).length;
  }

  markRead(conversation: Conversation): void {
    const last = conversation.messages.value.findLast((message) => !this.isMine(message));
    const view = conversation.view.value;
    if (!last || !view || last.off <= view.readByClient || this.socket.state.value.name !== 'open') return;
    this.socket.notify({ t: 'chat.read', interaction: conversation.id, upTo: last.off });
  }

  typing(conversation: Conversation, text: string): void {
    this.#typing.note(conversation.id, text);
  }

  async earlier(conversation: Conversation): Promise<void> {
    const first = conversation.messages.value[0];
    if (!first) return;
    const reply = await this.socket.command({ t: 'chat.earlier', interaction: conversation.id, before: first.off, limit: 50 });
    conversation.prepend(reply.messages as Message[], reply.hasEarlier);
  }

  async end(conversation: Conversation): Promise<void> {
    await this.socket.command({ t: 'chat.end', interaction: conversation.id }).catch(ignoreOver);
  }

  async rate(conversation: Conversation, value: number, comment: string): Promise<void> {
    await this.socket.command({ t: 'chat.rate', interaction: conversation.id, value, ...(comment && { comment }) });
    emit('chatRating', { group: this.options.group, conversation: conversation.id, value });
  }

  get #tokenKey(): string {
    return `centralino:visitor:${this.options.group}`;
  }

  #hello() {
    return {
      t: 'hello' as const,
      v: PROTOCOL_VERSION as 1,
      as: 'visitor' as const,
      group: this.options.group,
      ...(this.#token && { token: this.#token }),
      language: this.options.language.slice(0, 20),
      page: pageNow(),
    };
  }

  #welcome(reply: VisitorHello): void {
    this.#token = reply.token;
    keep('local', this.#tokenKey, reply.token);
    batch(() => {
      this.contact.value = reply.contact;
      this.isOnline.value = reply.isOnline;
      for (const view of reply.conversations) this.#follow(view.id, view);
    });
  }

  #follow(id: string, view?: InteractionView): Conversation {
    const known = this.find(id);
    if (known) return known;
    const conversation = new Conversation(id, (message, isNew) => this.#hear(conversation, message, isNew), view);
    this.conversations.value = [...this.conversations.value, conversation];
    // A closed one changes no more; its messages are loaded when somebody looks.
    if (view?.state !== 'closed') this.load(conversation);
    return conversation;
  }

  #hear(conversation: Conversation, message: Message, isNew: boolean): void {
    this.outbox.confirm(conversation.id, [message]);
    if (isNew && !this.isMine(message))
      emit('messageReceived', { group: this.options.group, conversation: conversation.id, from: message.from.role });
  }

  async #send(item: OutboxItem): Promise<{ off: number }> {
    // Written while a video is being opened: it belongs there.
    const video = item.conversation === NEW ? await this.#videoStart?.catch(() => undefined) : undefined;
    const interaction = video?.conversation.id ?? item.conversation;
    if (interaction === NEW) return this.#open(item);
    const body = item.file ? { file: item.file.id } : { text: item.text };
    return this.socket.command({ t: 'chat.send', interaction, mid: item.mid, ...body }, Number.POSITIVE_INFINITY);
  }

  async #open(item: OutboxItem): Promise<{ off: number }> {
    const { off } = await this.#start(item.mid, { text: item.text });
    return { off };
  }

  async #start(key: string, beginning: { text: string } | { medium: 'video' }): Promise<{ conversation: Conversation; off: number }> {
    const { name, email, group } = this.options;
    const reply = await this.socket.command(
      { t: 'chat.start', key, ...beginning, ...(name && { name }), ...(email && { email }), page: pageNow() },
      Number.POSITIVE_INFINITY,
    );
    const conversation = batch(() => {
      // What was being written meanwhile belongs to it.
      this.outbox.rename(NEW, reply.interaction.id);
      const conversation = this.#follow(reply.interaction.id, reply.interaction);
      this.onStarted?.(reply.interaction.id);
      return conversation;
    });
    emit('chatStart', { group, conversation: reply.interaction.id });
    return { conversation, off: reply.off };
  }
}

export const activityOf = (conversation: Conversation): number => {
  const view = conversation.view.value;
  return view?.lastMessage?.at ?? view?.createdAt ?? 0;
};

const pageNow = () => ({
  url: location.href.slice(0, 2_000),
  title: document.title.slice(0, 300),
  referrer: document.referrer.slice(0, 2_000),
});

/** Ending what is over already is what was wanted. */
function ignoreOver(error: unknown): void {
  if (!(error instanceof CommandError) || (error.code !== 'gone' && error.code !== 'wrong_state')) throw error;
}
