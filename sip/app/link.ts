/**
 * The link to one SIP server, kept up for as long as the application knows of it: connects again with growing waits, and beats its own heart, because
 * drachtio-srf can lose a link in silence. Made by `links.ts`. Dialogs live on at the server while the link is away; who waits for an answer over a link
 * that goes is told `lost`.
 */
import type { Socket } from 'node:net';
import { gatherWrites } from '../../src/base/gather.ts';
import type { Logger } from '../../src/base/log.ts';
import { type Handler, type RequestOptions, type SentRequest, SrfConnection } from './srf.ts';

export interface ServerAddress {
  /** What registrations call it. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

export interface LinkOptions {
  readonly server: ServerAddress;
  readonly methods: readonly string[];
  /** Names this application at the server. */
  readonly tag: string;
  readonly log: Logger;
  onRequest(link: Link, ...args: Parameters<Handler>): void;
  onUp?(link: Link): void;
  onDown?(link: Link): void;
  readonly beatMs?: number;
  readonly deadlineMs?: number;
}

const BEAT_MS = 2_000;
const DEADLINE_MS = 5_000;
const RETRY_FROM_MS = 100;
const RETRY_TO_MS = 2_000;

export class Link {
  readonly server: ServerAddress;
  readonly #options: LinkOptions;
  #connection: SrfConnection | undefined;
  #socket: Socket | undefined;
  #retryMs = RETRY_FROM_MS;
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #waiting = new Set<(reason: string) => void>();

  constructor(options: LinkOptions) {
    this.server = options.server;
    this.#options = options;
    this.#connect();
  }

  get isUp(): boolean {
    return this.#socket !== undefined;
  }

  /**
   * Sends. `onSent` puts the listeners on: a far end may be so quick that its answer stands in the same packet as the server's word that the request went out, and is
   * told before any promise. @throws LinkLost, or Error with what the server said against it
   */
  request(options: Omit<RequestOptions, '_socket'>, onSent?: (request: SentRequest) => void): Promise<SentRequest> {
    return this.during<SentRequest>((resolve, reject) => {
      const { connection, socket } = this.#up();
      connection.request({ ...options, _socket: socket }, (error, request) => {
        if (request) {
          onSent?.(request);
          resolve(request);
        } else reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  /** Waits for something that comes over this link. @throws LinkLost */
  during<Value>(work: (resolve: (value: Value) => void, reject: (error: unknown) => void) => void): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const forget = this.whenLost((reason) => reject(new LinkLost(reason)));
    try {
      work(resolve, reject);
    } catch (error) {
      reject(error);
    }
    return promise.finally(forget);
  }

  /** Calls once when the link goes; the returned function takes that back. */
  whenLost(listener: (reason: string) => void): () => void {
    const lost = (reason: string): void => listener(reason);
    this.#waiting.add(lost);
    return () => void this.#waiting.delete(lost);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    const wasUp = this.isUp;
    this.#socket = undefined;
    this.#connection?.close();
    this.#giveUp('closed', wasUp);
  }

  #up(): { connection: SrfConnection; socket: Socket } {
    if (!this.#connection || !this.#socket) throw new LinkLost('down');
    return { connection: this.#connection, socket: this.#socket };
  }

  #connect(): void {
    const { log, methods, tag } = this.#options;
    const { name, host, port, secret } = this.server;
    const connection = new SrfConnection((request, response) => this.#options.onRequest(this, request, response), methods, tag);
    this.#connection = connection;
    // A connection that hangs before it was accepted has no heartbeat yet.
    this.#timer = setTimeout(() => connection.close(), DEADLINE_MS);
    connection.connect(
      { host, port, secret },
      {
        up: (socket) => {
          clearTimeout(this.#timer);
          if (this.#isClosed) return connection.close();
          this.#socket = socket;
          this.#retryMs = RETRY_FROM_MS;
          socket.setNoDelay(true);
          gatherWrites(socket);
          this.#startBeat(connection, socket);
          log.info({ server: name }, 'link.up');
          this.#options.onUp?.(this);
        },
        down: (reason) => this.#onDown(connection, reason),
      },
    );
  }

  #startBeat(connection: SrfConnection, socket: Socket): void {
    const { beatMs = BEAT_MS, deadlineMs = DEADLINE_MS } = this.#options;
    let heardAt = performance.now();
    let beatAt = heardAt;
    // Whatever comes is a sign of life: under load the answer stands behind much else.
    socket.on('data', () => (heardAt = performance.now()));
    this.#beat = setInterval(() => {
      const now = performance.now();
      // This process stood still itself: what the server said meanwhile has not been read yet.
      if (now - beatAt > deadlineMs) heardAt = now;
      beatAt = now;
      const silentMs = now - heardAt;
      if (silentMs > deadlineMs) {
        this.#options.log.warn({ server: this.server.name, silentMs: Math.round(silentMs) }, 'link.silent');
        connection.close();
      } else connection.ping(socket, () => undefined);
    }, beatMs);
  }

  #onDown(connection: SrfConnection, reason: string): void {
    if (this.#isClosed || this.#connection !== connection) return;
    clearTimeout(this.#timer);
    clearInterval(this.#beat);
    const wasUp = this.isUp;
    this.#socket = undefined;
    if (wasUp) this.#options.log.warn({ server: this.server.name, reason }, 'link.down');
    this.#giveUp(reason, wasUp);
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_TO_MS);
  }

  #giveUp(reason: string, wasUp: boolean): void {
    for (const lost of [...this.#waiting]) lost(reason);
    this.#waiting.clear();
    if (wasUp) this.#options.onDown?.(this);
  }
}

/** The link went, or is not there: whether the server did what was asked is not known. */
export class LinkLost extends Error {
  override name = 'LinkLost';
}
