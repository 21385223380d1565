/**
 * What the log says that concerns sockets rather than feeds: rights and sign-in sessions that changed, agents who left a conversation, conversations that went to another queue,
 * configuration that switched something off, conversations opened in another tab. Created once per gateway; acts at once and alone on the sockets concerned.
 */

import type { EventType } from '../../queues/events.ts';
import { AppError, type CloseReason } from '../base/errors.ts';
import type { InteractionId } from '../base/ids.ts';
import type { LazyEntry } from './channel.ts';
import type { AgentMember, ClientSocket } from './clientSocket.ts';
import { isAgent, refreshVisits, requireFeed } from './feedRights.ts';
import type { ReadEvent } from './publicEvents.ts';
import type { SocketServices } from './socketServices.ts';
import type { Subscription } from './subscription.ts';

const RETRY_MS = 500;
const WATCHED: ReadonlySet<EventType> = new Set([
  'session.revoked',
  'config.applied',
  'interaction.created',
  'interaction.moved',
  'interaction.requeued',
  'participant.left',
  'agent.changed',
]);

export class SocketWatch {
  readonly #services: () => SocketServices;

  /** `services` is asked when something happens, because the hub that feeds this one is part of them. */
  constructor(services: () => SocketServices) {
    this.#services = services;
  }

  onEntry({ entry, read }: LazyEntry): void {
    if (WATCHED.has(entry.type)) this.#act(entry.accountId, read());
  }

  #act(accountId: string, event: ReadEvent): void {
    const { registry, accounts } = this.#services();
    switch (event.type) {
      case 'session.revoked':
        for (const socket of registry.of(event.body.user)) this.#checkAgain(socket);
        return;
      case 'interaction.created':
        for (const socket of registry.of(event.body.contact)) this.#join(socket, event.body.i as InteractionId);
        return;
      case 'interaction.moved':
        this.#checkReaders(event.body.i as InteractionId);
        return;
      case 'interaction.requeued':
      case 'participant.left':
        for (const socket of registry.of(event.body.a)) this.#checkConversation(socket, `conversation:${event.body.i}`);
        return;
      case 'agent.changed':
        for (const socket of registry.of(event.body.a)) this.#checkVisits(socket, event.body.queues);
        return;
      case 'config.applied':
        if (event.body.kind === 'account') {
          accounts.forget(accountId);
          this.#later(() => this.#checkAccount(accountId));
        } else if (event.body.kind === 'group') {
          this.#later(() => this.#checkGroup(accountId, event.body.id));
        }
        return;
      default:
        return;
    }
  }

  /** Revoked sessions name nobody any more; changed rights make another principal, who may follow less. */
  #checkAgain(socket: ClientSocket): void {
    this.#later(async () => {
      const { state } = socket;
      if (state.kind !== 'agent') return;
      const principal = await this.#services().resolvePrincipal(state.credentials);
      if (principal.kind !== 'user') return socket.close('unauthenticated');
      state.principal = principal;
      state.queueOf.clear();
      await refreshVisits(this.#services().engine, state);
      if (!state.isAttached && isAgent(state)) await this.#services().presence.attachDevice(socket, state);
      await this.#checkFeeds(socket, state);
    });
  }

  /** A temporary sign-in that ended takes what it showed with it (ACC-5). `signedInTo`: queues joined by spaces, if the event says. */
  #checkVisits(socket: ClientSocket, signedInTo: string | undefined): void {
    const { state } = socket;
    if (state.kind !== 'agent' || !state.principal.visits?.length) return;
    const stand = signedInTo?.split(' ');
    if (stand && state.principal.visits.every((queue) => stand.includes(queue))) return;
    this.#later(async () => {
      if (socket.state !== state || !(await refreshVisits(this.#services().engine, state))) return;
      state.queueOf.clear();
      await this.#checkFeeds(socket, state);
    });
  }

  async #checkFeeds(socket: ClientSocket, member: AgentMember): Promise<void> {
    for (const subscription of [...socket.subscriptions.values()]) await this.#checkFeed(member, subscription);
  }

  /** It is of another queue now: whoever read it by right of the old one has to have that of the new one. */
  #checkReaders(interaction: InteractionId): void {
    for (const socket of this.#services().registry.where((state) => state.kind === 'agent' && state.queueOf.delete(interaction)))
      this.#checkConversation(socket, `conversation:${interaction}`);
  }

  /** Whoever came by invitation, and has no right of the queue, sees it no more after leaving. */
  #checkConversation(socket: ClientSocket, feed: string): void {
    this.#later(async () => {
      const { state } = socket;
      const subscription = socket.subscriptions.get(feed);
      if (state.kind === 'agent' && subscription) await this.#checkFeed(state, subscription);
    });
  }

  async #checkFeed(member: AgentMember, subscription: Subscription): Promise<void> {
    const { engine, hub } = this.#services();
    try {
      const viewer = await requireFeed(engine, member, subscription.feed);
      // Sees more or less than before: the client loads it as it is for them now.
      if (JSON.stringify(viewer) !== JSON.stringify(subscription.viewer)) hub.reset(subscription, false);
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'unavailable') throw error;
      hub.reset(subscription, true);
    }
  }

  async #checkAccount(accountId: string): Promise<void> {
    const { registry, accounts } = this.#services();
    const sockets = registry.where((state) => (state.kind === 'visitor' || state.kind === 'agent') && state.scope.accountId === accountId);
    const [first] = sockets;
    if (!first || (first.state.kind !== 'visitor' && first.state.kind !== 'agent')) return;
    const account = await accounts.find(first.state.scope.accountId);
    if (!account?.doc.isActive) closeEach(sockets, 'forbidden');
  }

  async #checkGroup(accountId: string, groupId: string): Promise<void> {
    const { registry, engine } = this.#services();
    const sockets = registry.where((state) => state.kind === 'visitor' && state.scope.accountId === accountId && state.groupId === groupId);
    const state = sockets[0]?.state;
    if (state?.kind !== 'visitor') return;
    const found = await engine.config.groupByPublicId(state.groupPublicId, { isFresh: true });
    if (!found?.group.isActive) closeEach(sockets, 'forbidden');
  }

  /** The visitor's other tabs show presence too, and are told. */
  #join(socket: ClientSocket, interaction: InteractionId): void {
    this.#later(async () => {
      // The event may be faster than the reply to the tab that opened it.
      if (socket.state.kind === 'visitor') await socket.state.starting?.catch(() => undefined);
      const { state } = socket;
      if (state.kind !== 'visitor' || state.attached.has(interaction)) return;
      socket.push(
        JSON.stringify({ t: 'signal', feed: `conversation:${interaction}`, signal: { type: 'conversation.started', interaction } }),
      );
      await this.#services().presence.attach(socket, state, interaction);
    });
  }

  /** Runs it, again and again while Redis is away: a right that was taken must not survive an outage. */
  #later(act: () => Promise<void> | void): void {
    const attempt = async (): Promise<void> => {
      try {
        await act();
      } catch (error) {
        const isAway = error instanceof AppError && error.code === 'unavailable';
        if (isAway) setTimeout(() => void attempt(), RETRY_MS).unref();
        else this.#services().log.error({ err: error }, 'socket.watch.failed');
      }
    };
    void attempt();
  }
}

function closeEach(sockets: readonly ClientSocket[], reason: CloseReason): void {
  for (const socket of sockets) socket.close(reason);
}
