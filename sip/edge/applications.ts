/**
 * The applications of this edge and the port they come to: drachtio's wire protocol, or, when the first byte is `{`, the control protocol of
 * `protocol.ts`. New requests are shared out round robin among those that asked for the method.
 */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { gatherWrites } from '../../src/base/gather.ts';
import type { Logger } from '../../src/base/log.ts';
import { Application, type ApplicationEvents, type ApplicationOptions, AUTHENTICATE_WITHIN_MS } from './application.ts';
import type { Clock } from './types.ts';

const OPEN_BRACE = 0x7b;
const MAX_CONNECTIONS = 1_000;

export interface ApplicationsOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly greeting: ApplicationOptions['greeting'];
}

export interface ApplicationsEvents extends Omit<ApplicationEvents, 'onKnown'> {
  /** A connection that speaks the control protocol; `first`: what it has sent already. */
  readonly onControl: (socket: Socket, first: Buffer) => void;
}

export class Applications {
  readonly #options: ApplicationsOptions;
  readonly #events: ApplicationsEvents;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #known = new Set<Application>();
  /** Whose turn it was last, by method. */
  readonly #turns = new Map<string, number>();

  private constructor(options: ApplicationsOptions, events: ApplicationsEvents) {
    this.#options = options;
    this.#events = events;
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  static async listen(options: ApplicationsOptions, events: ApplicationsEvents): Promise<Applications> {
    const applications = new Applications(options, events);
    await new Promise<void>((resolve, reject) => {
      applications.#server.once('error', reject);
      applications.#server.listen(options.port, options.host, resolve);
    });
    return applications;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get known(): ReadonlySet<Application> {
    return this.#known;
  }

  /** Whose turn it is to take a request of this (lower-case) method. */
  next(method: string): Application | undefined {
    const candidates = [...this.#known].filter((application) => application.routes.has(method));
    if (candidates.length === 0) return undefined;
    const turn = (this.#turns.get(method) ?? -1) + 1;
    this.#turns.set(method, turn);
    return candidates[turn % candidates.length];
  }

  /** The application that authenticated with this tag; the latest, when a connection that died is not noticed yet. */
  tagged(tag: string): Application | undefined {
    return [...this.#known].findLast((application) => application.tags.includes(tag));
  }

  async close(reason: string): Promise<void> {
    for (const application of this.#known) application.close(reason);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #welcome(socket: Socket): void {
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    gatherWrites(socket);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const lost = (error: Error): void => this.#options.log.debug({ err: error }, 'wire.error');
    socket.on('error', lost);
    const { clock } = this.#options;
    const silent = clock.setTimeout(() => socket.destroy(), AUTHENTICATE_WITHIN_MS);
    socket.on('close', () => clock.clearTimeout(silent));
    socket.once('data', (first) => {
      clock.clearTimeout(silent);
      if (first[0] === OPEN_BRACE) return this.#events.onControl(socket, first);
      const application = this.#apply(socket);
      application.read(first);
      socket.on('data', (chunk) => application.read(chunk));
    });
  }

  #apply(socket: Socket): Application {
    const { secret, clock, log, greeting } = this.#options;
    return new Application(
      { id: randomUUID(), socket, secret, clock, log, greeting },
      {
        ...this.#events,
        onKnown: (known) => {
          this.#known.add(known);
          log.info({ application: known.id, tags: known.tags }, 'wire.known');
        },
        onGone: (gone) => {
          this.#known.delete(gone);
          this.#events.onGone(gone);
        },
      },
    );
  }
}
