/**
 * Tells the engine which sockets show that a client or an agent is there (APP-6, RTE-4). Created once per gateway. An attach that fails is the
 * command's failure; a detach is owed, and tried until it is done or the lease is over (then others detach for us).
 */
import type { Engine, Outcome, Scope } from '../../queues/engine.ts';
import { AppError } from '../base/errors.ts';
import type { InteractionId } from '../base/ids.ts';
import type { Logger } from '../base/log.ts';
import type { AgentView, InteractionView } from '../protocol/views.ts';
import type { AgentMember, ClientSocket, SocketState, VisitorMember } from './clientSocket.ts';

const RETRY_MS = 500;

export class Presence {
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #owed = new Set<Promise<void>>();
  #isOver = false;

  constructor(engine: Engine, log: Logger) {
    this.#engine = engine;
    this.#log = log;
  }

  /** The visitor's socket is in the conversation. @throws CommandRefused by the caller's `settled` */
  async attach(
    socket: ClientSocket,
    member: VisitorMember,
    interactionId: InteractionId,
  ): Promise<Outcome<{ interaction: InteractionView }>> {
    const { scope, contactId } = member;
    const isKnown = member.attached.has(interactionId);
    member.attached.add(interactionId);
    const outcome = await this.#engine.router.attachClient(scope, { interactionId, contactId, connectionId: socket.id });
    if (!outcome.ok && !isKnown) member.attached.delete(interactionId);
    // The socket went while it was being attached, so nobody else will detach it.
    if (outcome.ok && socket.isClosed) this.#detachClient(scope, interactionId, socket.id);
    return outcome;
  }

  /** The engine attached it by itself, as it does for the socket that starts a conversation. */
  noteAttached(socket: ClientSocket, member: VisitorMember, interactionId: InteractionId): void {
    if (socket.isClosed) this.#detachClient(member.scope, interactionId, socket.id);
    else member.attached.add(interactionId);
  }

  /** The agent's device is live. */
  async attachDevice(socket: ClientSocket, member: AgentMember): Promise<Outcome<{ agent: AgentView }>> {
    const { scope, principal, device } = member;
    const names = { agentId: principal.userId, deviceId: device.id, deviceName: device.name, connectionId: socket.id };
    const outcome = await this.#engine.router.attachDevice(scope, names);
    member.isAttached = outcome.ok;
    if (outcome.ok && socket.isClosed) this.#detachDevice(socket, member);
    return outcome;
  }

  /** The socket is gone; `last` is what it was. */
  release(socket: ClientSocket, last: SocketState): void {
    switch (last.kind) {
      case 'visitor':
        for (const interactionId of last.attached) this.#detachClient(last.scope, interactionId, socket.id);
        return;
      case 'agent':
        if (last.isAttached) this.#detachDevice(socket, last);
        return;
      case 'greeting':
      case 'closed':
        return;
    }
  }

  /** Resolves when nothing is owed any more, or after `withinMs`. */
  async settled(withinMs: number): Promise<void> {
    const limit = new Promise<void>((resolve) => setTimeout(resolve, withinMs).unref());
    while (this.#owed.size > 0) {
      const isDone = await Promise.race([Promise.all(this.#owed).then(() => true), limit.then(() => false)]);
      if (!isDone) break;
    }
    this.#isOver = true;
  }

  #detachDevice(socket: ClientSocket, { scope, principal, device }: AgentMember): void {
    this.#owe(() => this.#engine.router.detachDevice(scope, { agentId: principal.userId, deviceId: device.id, connectionId: socket.id }));
  }

  #detachClient(scope: Scope, interactionId: InteractionId, connectionId: string): void {
    this.#owe(() => this.#engine.router.detachClient(scope, { interactionId, connectionId }));
  }

  #owe(detach: () => Promise<Outcome>): void {
    const owed = this.#detach(detach).finally(() => this.#owed.delete(owed));
    this.#owed.add(owed);
  }

  async #detach(detach: () => Promise<Outcome>): Promise<void> {
    while (!this.#isOver) {
      try {
        await detach();
        return;
      } catch (error) {
        const code = error instanceof AppError ? error.code : 'internal';
        // The lease that held it has lapsed, and with it the attachment.
        if (code === 'fenced') return;
        if (code !== 'unavailable') {
          this.#log.error({ err: error }, 'presence.detach.failed');
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
