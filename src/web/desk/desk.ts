/**
 * The desk of one signed-in agent: connection, own state, lists, offers, the open conversation. Created after sign-in, closed at sign-out.
 * Guarantees: a reply that was refused because a colleague was faster comes back into the composer; nothing typed is lost.
 */
import { batch, computed, effect, type Signal, signal } from '@preact/signals';
import { CALL_COMMAND_WITHIN_MS, PROTOCOL_VERSION } from '../../protocol/limits.ts';
import { Conversation } from '../conversation/conversation.ts';
import { TypingSignal } from '../conversation/typingSignal.ts';
import { CommandError, codeOf } from '../socket/commandError.ts';
import type { FeedHandlers } from '../socket/feedSubscription.ts';
import { Outbox, type OutboxItem } from '../socket/outbox.ts';
import { newKey, SocketClient, socketUrl } from '../socket/socketClient.ts';
import type { AgentHello, AgentView, CallCommandBody, CommandFrame, Message, PublicEvent, Snapshot } from '../socket/wire.ts';
import { keptCall } from '../video/keptCall.ts';
import { api, type Me, type QueueSettings } from './api.ts';
import { Calls } from './calls.ts';
import { deviceId, deviceName } from './device.ts';
import { FiguresFeeds } from './figures.ts';
import { pauseReasons } from './pauseReasons.ts';
import { isMine, type ListName, Rows } from './rows.ts';
import { ring } from './sound.ts';
import { errorText, t } from './texts.ts';
import { VideoCalls } from './videoCalls.ts';

export type Offer = Extract<PublicEvent, { type: 'offer.made' }>['offer'];
export interface Toast {
  readonly id: string;
  readonly text: string;
}

const TOAST_MS = 8_000;
/** The room decides itself how long it tries. */
const VIDEO_GIVE_UP_MS = 10_000;

export class Desk {
  readonly me: Me;
  readonly agent = signal<AgentView | undefined>(undefined);
  readonly rows = new Rows(() => [...this.#conversations.value.values()].flatMap(({ view }) => view.value ?? []));
  readonly offers = signal<readonly Offer[]>([]);
  readonly calls = new Calls();
  readonly video = new VideoCalls({
    ask: (interaction, body) => this.socket.command({ t: 'video.command', key: newKey(), interaction, body }, VIDEO_GIVE_UP_MS),
    rules: (interaction) => this.#conversations.peek().get(interaction)?.videoRules.peek(),
    isMine: (interaction) => {
      const view = this.#conversations.peek().get(interaction)?.view.peek() ?? this.rows.find(interaction);
      return view !== undefined && isMine(view, this.me.user.id);
    },
    onQuiet: (interaction) => queueMicrotask(() => this.#letGo(interaction)),
    onProblem: (code) => this.toast(errorText(code)),
  });
  readonly figures: FiguresFeeds;
  /** ACC-5: the account lets users sign in to queues they are not assigned to. */
  readonly canSignInAnywhere = signal(false);
  readonly list = signal<ListName>('mine');
  readonly isByLastMessage = signal(false);
  readonly openId = signal<string | undefined>(undefined);
  readonly toasts = signal<readonly Toast[]>([]);
  readonly socket: SocketClient<AgentHello>;
  readonly outbox: Outbox;
  readonly queueSettings = signal<ReadonlyMap<string, QueueSettings>>(new Map());
  readonly open = computed(() => (this.openId.value === undefined ? undefined : this.#conversations.value.get(this.openId.value)));
  readonly #conversations = signal<ReadonlyMap<string, Conversation>>(new Map());
  readonly #drafts = new Map<string, Signal<string>>();
  /** Queues whose rows are followed, and what stops looking at their figures. */
  readonly #queueFeeds = new Map<string, () => void>();
  readonly #stopAnnouncing: () => void;
  readonly #typing = new TypingSignal((interaction, isTyping) => this.socket.notify({ t: 'chat.typing', interaction, isTyping }));

  constructor(me: Me, onSignedOut: () => void) {
    this.me = me;
    this.outbox = new Outbox({ send: (item) => this.#send(item), onFailed: (item) => this.#failed(item) });
    this.socket = new SocketClient<AgentHello>({
      url: socketUrl(location.origin),
      hello: () => ({ t: 'hello', v: PROTOCOL_VERSION, as: 'agent', device: { id: deviceId(), name: deviceName(navigator.userAgent) } }),
      onHello: (reply) => this.#onHello(reply),
    });
    this.figures = new FiguresFeeds(this.socket);
    this.socket.subscribe(
      `agent:${me.user.id}`,
      this.rows.handlers(`agent:${me.user.id}`, {
        onSnapshot: (snapshot) => this.#onAgentSnapshot(snapshot),
        onEvent: (event) => this.#onAgentEvent(event),
      }),
    );
    this.#stopAnnouncing = effect(() => {
      const state = this.socket.state.value;
      if (state.name === 'open') queueMicrotask(() => this.video.takeReconnect());
      if (state.name === 'refused' && (state.code === 'unauthenticated' || state.code === '4501')) queueMicrotask(onSignedOut);
    });
    this.socket.start();
    // VID-7: a reload comes back into the call.
    const kept = keptCall();
    if (kept) this.show(kept.interaction);
  }

  close(): void {
    this.#stopAnnouncing();
    this.video.close();
    this.socket.close();
  }

  /** Runs a command; what goes wrong is told to the agent. @returns whether it happened */
  async run(frame: CommandFrame, giveUpMs?: number): Promise<boolean> {
    try {
      await this.socket.command(frame, giveUpMs);
      return true;
    } catch (error) {
      this.toast(errorText(codeOf(error), error instanceof CommandError ? error.owner : undefined));
      return false;
    }
  }

  toast(text: string): void {
    const toast = { id: newKey(), text };
    this.toasts.value = [...this.toasts.value, toast];
    setTimeout(() => this.dismiss(toast.id), TOAST_MS);
  }

  dismiss(id: string): void {
    this.toasts.value = this.toasts.value.filter((toast) => toast.id !== id);
  }

  draft(conversation: string): Signal<string> {
    const draft = this.#drafts.get(conversation) ?? signal('');
    this.#drafts.set(conversation, draft);
    return draft;
  }

  /** Shows a conversation, following its feed; the one shown before is let go. */
  show(id: string | undefined): void {
    if (id === this.openId.value) return;
    const before = this.openId.value;
    batch(() => {
      this.openId.value = id;
      if (id === undefined) return;
      const conversation =
        this.#conversations.value.get(id) ?? new Conversation(id, (message) => this.outbox.confirm(id, [message]), this.rows.find(id));
      // One that was shown before is loaded again: its cursor went with the subscription.
      this.#conversations.value = new Map(this.#conversations.value).set(id, conversation);
      if (!this.video.isIn(id)) this.socket.subscribe(`conversation:${id}`, this.#heard(this.calls.heardBy(conversation)));
    });
    if (before !== undefined) this.#letGo(before);
  }

  /** A conversation is followed while it is shown, or its call goes on. */
  #letGo(id: string): void {
    if (id !== this.openId.peek() && !this.video.isIn(id)) this.socket.unsubscribe(`conversation:${id}`);
  }

  /** The video room hears what concerns it. */
  #heard(conversation: FeedHandlers): FeedHandlers {
    return {
      ...conversation,
      onSnapshot: (snapshot) => {
        conversation.onSnapshot(snapshot);
        if (snapshot.kind === 'conversation' && snapshot.room) this.video.takeRoom(snapshot.room);
      },
      onEvent: (event, off) => {
        conversation.onEvent(event, off);
        if (event.type === 'room.changed') this.video.takeRoom(event.room);
      },
      onSignal: (heard) => {
        conversation.onSignal?.(heard);
        this.video.takeSignal(heard);
      },
    };
  }

  /** A reply, a reply that takes the conversation, or a note. */
  write(message: Parameters<Outbox['add']>[0]): void {
    this.outbox.add(message);
    this.#typing.stop(message.conversation);
  }

  async accept(offer: Offer): Promise<void> {
    const { interaction, token } = offer;
    if (await this.run({ t: 'offer.accept', interaction: interaction.id, token })) {
      this.list.value = 'mine';
      this.show(interaction.id);
    }
    this.#removeOffer(interaction.id);
  }

  async decline(offer: Offer): Promise<void> {
    await this.run({ t: 'offer.decline', interaction: offer.interaction.id, token: offer.token });
    this.#removeOffer(offer.interaction.id);
  }

  /** VOX-4. Soon or not at all: nothing shall happen to a call long after a button was pressed. @returns whether the call did it */
  command(interaction: string, body: CallCommandBody): Promise<boolean> {
    const before = this.socket.serverTimeIn(CALL_COMMAND_WITHIN_MS);
    const frame = { t: 'call.command', key: newKey(), interaction, body, ...(before !== undefined && { before }) } as const;
    return this.run(frame, CALL_COMMAND_WITHIN_MS);
  }

  markRead(conversation: Conversation): void {
    const view = conversation.view.value;
    const last = conversation.messages.value.findLast((message) => message.from.role === 'customer');
    if (!view || !last || last.off <= view.readByStaff || this.socket.state.value.name !== 'open') return;
    if (view.owner?.id !== this.me.user.id && !view.participants.some((agent) => agent.id === this.me.user.id)) return;
    this.socket.notify({ t: 'chat.read', interaction: conversation.id, upTo: last.off });
  }

  typing(conversation: Conversation, text: string): void {
    this.#typing.note(conversation.id, text);
  }

  async earlier(conversation: Conversation): Promise<void> {
    const first = conversation.messages.value[0];
    if (!first) return;
    try {
      const reply = await this.socket.command({ t: 'chat.earlier', interaction: conversation.id, before: first.off, limit: 50 });
      conversation.prepend(reply.messages as Message[], reply.hasEarlier);
    } catch (error) {
      this.toast(errorText(codeOf(error)));
    }
  }

  /** Outcomes and the like, loaded once per queue. An own call is in none. */
  async loadQueue(id: string): Promise<void> {
    if (id === '' || this.queueSettings.value.has(id)) return;
    const settings = await api.queue(id).catch(() => undefined);
    if (settings) this.queueSettings.value = new Map(this.queueSettings.value).set(id, settings);
  }

  #onHello({ agent, account }: AgentHello): void {
    pauseReasons.value = account.pauseReasons;
    this.canSignInAnywhere.value = account.canSignInAnywhere;
    this.#setAgent(agent);
  }

  #setAgent(agent: AgentView): void {
    this.agent.value = agent;
    const wanted = new Set(agent.queues.map((queue) => queue.id));
    for (const id of wanted) {
      if (this.#queueFeeds.has(id)) continue;
      this.#queueFeeds.set(id, this.figures.look(id));
      this.socket.subscribe(`queue:${id}`, this.rows.handlers(`queue:${id}`, { onSnapshot: () => undefined, onEvent: () => undefined }));
      void this.loadQueue(id);
    }
    for (const [id, stopLooking] of this.#queueFeeds) {
      if (wanted.has(id)) continue;
      this.#queueFeeds.delete(id);
      this.socket.unsubscribe(`queue:${id}`);
      stopLooking();
      this.rows.drop(`queue:${id}`);
    }
  }

  #onAgentSnapshot(snapshot: Snapshot): void {
    if (snapshot.kind !== 'agent') return;
    this.#setAgent(snapshot.agent);
    this.offers.value = snapshot.offers;
    this.calls.replace(snapshot.calls);
  }

  #onAgentEvent(event: PublicEvent): void {
    if (event.type === 'agent.changed') this.#setAgent(event.agent);
    else if (event.type === 'call.changed') this.calls.take(event.call);
    else if (event.type === 'room.changed') this.video.takeRoom(event.room);
    else if (event.type === 'offer.gone') this.#offerGone(event.interaction, event.reason);
    else if (event.type === 'offer.made') {
      this.offers.value = [...this.offers.value.filter((offer) => offer.interaction.id !== event.offer.interaction.id), event.offer];
      ring();
    }
  }

  /** A call was answered on the phone: the desk shows who it is. */
  #offerGone(interaction: string, reason: string): void {
    const offer = this.offers.value.find((known) => known.interaction.id === interaction);
    this.#removeOffer(interaction);
    if (reason !== 'accepted' || offer?.interaction.medium !== 'voice') return;
    this.list.value = 'mine';
    this.show(interaction);
  }

  #removeOffer(interaction: string): void {
    this.offers.value = this.offers.value.filter((offer) => offer.interaction.id !== interaction);
  }

  #send(item: OutboxItem): Promise<{ off: number }> {
    const body = item.file ? { file: item.file.id } : { text: item.text };
    return this.socket.command(
      {
        t: 'chat.send',
        interaction: item.conversation,
        mid: item.mid,
        ...body,
        visibility: item.isNote ? 'staff' : 'everyone',
        claim: item.isClaim,
      },
      Number.POSITIVE_INFINITY,
    );
  }

  /** CHT-6: the colleague was faster. The text goes back to where it was written. */
  #failed(item: OutboxItem): void {
    if (item.code !== 'already_taken') return;
    const draft = this.draft(item.conversation);
    if (item.text) draft.value = draft.value.trim() === '' ? item.text : `${item.text}\n${draft.value}`;
    this.outbox.discard(item.mid);
    this.toast(t('error.taken', { owner: item.owner ?? '' }));
  }
}
