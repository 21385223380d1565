/**
 * The WebSocket side of a gateway, put together: lets sockets in, gives them their commands, and closes them when the process may not serve
 * them any more (lease lost, stopping). Created once per gateway by `role.ts`.
 */
import { AppError } from '../base/errors.ts';
import { type Arrival, ClientSocket } from './clientSocket.ts';
import { executeCommand } from './commands.ts';
import type { Exchange } from './exchange.ts';
import { Hub } from './hub.ts';
import { Presence } from './presence.ts';
import { problemOf } from './problem.ts';
import { SocketRegistry } from './socketRegistry.ts';
import type { SocketServices } from './socketServices.ts';
import { SocketWatch } from './socketWatch.ts';

export type SocketGateDeps = Omit<SocketServices, 'hub' | 'presence' | 'registry'>;

export class SocketGate {
  readonly #services: SocketServices;

  constructor(deps: SocketGateDeps) {
    const { engine, metrics, log, limits } = deps;
    const watch = new SocketWatch(() => this.#services);
    const hub = new Hub({
      engine,
      metrics,
      log,
      limits,
      onEntry: (lazy) => watch.onEntry(lazy),
    });
    this.#services = { ...deps, hub, presence: new Presence(engine, log), registry: new SocketRegistry(limits, metrics) };
    engine.lease.onLost(() => {
      log.warn({ sockets: this.size }, 'gateway.fenced');
      this.#services.registry.closeAll('moved');
    });
  }

  get size(): number {
    return this.#services.registry.size;
  }

  get isDraining(): boolean {
    return this.#services.registry.isDraining;
  }

  /** A socket for the client that asks for one; undefined: the exchange was answered with why not. */
  admit(exchange: Exchange, arrival: Arrival): ClientSocket | undefined {
    const { registry, limits, metrics, log, hub, presence } = this.#services;
    const refusal = registry.isDraining
      ? new AppError('unavailable', { detail: 'This process is stopping. Connect again.' })
      : registry.hasRoom(arrival.ip)
        ? undefined
        : new AppError('rate_limited', { detail: 'Too many connections from this address.', retryAfterSec: 30 });
    if (refusal) {
      metrics.limited.inc({ limit: 'upgrade' });
      exchange.answer(problemOf(refusal, exchange.requestId));
      return undefined;
    }
    return new ClientSocket(arrival, {
      limits,
      metrics,
      execute: (socket, frame) => executeCommand(this.#services, socket, frame),
      onFault: (socket, error) => {
        metrics.errors.inc({ where: 'socket' });
        log.error({ err: error, connection: socket.id, as: socket.state.kind }, 'command.failed');
      },
      onClosed: (socket, last) => {
        hub.leave(socket);
        presence.release(socket, last);
        registry.remove(socket, last);
      },
    });
  }

  opened(socket: ClientSocket): void {
    this.#services.registry.add(socket);
  }

  /** Tells all sockets to move, spread over the time. */
  drain(withinMs: number): Promise<void> {
    return this.#services.registry.drain(withinMs);
  }

  async close(presenceWithinMs: number): Promise<void> {
    const { registry, presence, hub } = this.#services;
    registry.closeAll('moved');
    registry.close();
    await presence.settled(presenceWithinMs);
    await hub.close();
  }
}
