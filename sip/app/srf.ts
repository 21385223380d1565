/**
 * The face of drachtio-srf that we use: requests and answers, in a dialog and outside. Its own dialog objects are not used, because they belong to one socket
 * and one process: ours are known by their id alone, survive a lost link, and can be taken over after a restart (`dialog.ts`).
 */
import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';
import '../../config/plainEnvironment.ts';

export interface SipMessage {
  readonly body: string;
  readonly uri: string;
  readonly method: string;
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackDialogId: string;
  readonly stackTxnId: string;
  get(name: string): string | undefined;
  has(name: string): boolean;
}

export interface IncomingRequest extends SipMessage {
  readonly socket: Socket;
  /** `host:port` of ours that a request outside of dialogs came to. */
  readonly receivedOn?: string;
  readonly isNewInvite: boolean;
  on(event: 'cancel', listener: () => void): void;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface OutgoingResponse {
  readonly finalResponseSent: boolean;
  /** Of the response as it was sent. */
  readonly stackDialogId: string;
  send(status: number, options?: SendOptions): void;
  send(status: number, reason: string, options?: SendOptions): void;
  send(status: number, options: SendOptions, sent: (error: unknown, response?: SipMessage) => void): void;
}

export interface IncomingResponse extends SipMessage {
  readonly status: number;
  readonly reason: string;
}

export interface SentRequest extends SipMessage {
  on(event: 'response', listener: (response: IncomingResponse, acknowledge: (options?: SendOptions) => void) => void): void;
  cancel(callback?: (error: unknown) => void): void;
}

export interface RequestOptions {
  readonly method: string;
  readonly uri?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | undefined;
  /** The next hop, where it is not what the URI says. */
  readonly proxy?: string | undefined;
  readonly stackDialogId?: string;
  readonly _socket: Socket;
}

/** What it keeps for one socket; we add our heartbeat to what waits for a response. */
interface ServerState {
  readonly pendingRequests: Map<string, (tokens: readonly string[]) => void>;
}
interface Agent {
  readonly mapServer: Map<Socket, ServerState>;
  readonly wp: { send(socket: Socket, message: string): string; closing?: boolean; reconnectVars?: { retryTimer?: NodeJS.Timeout | null } };
}

export type Handler = (request: IncomingRequest, response: OutgoingResponse) => void;

/** One srf: it stands for one connection to one server, and is thrown away with it. */
export class SrfConnection {
  readonly #srf: Srf;

  constructor(handler: Handler, methods: readonly string[], tag: string) {
    this.#srf = new Srf(tag);
    // What is no route of ours comes too: ACK, and whatever belongs to a dialog.
    this.#srf.use(((request: IncomingRequest, response: OutgoingResponse) => handler(request, response)) as never);
    // Naming a method here makes srf ask the server for it; its requests have been handled above.
    for (const method of methods) this.#srf.use(method, (() => undefined) as never);
  }

  get #agent(): Agent | undefined {
    return (this.#srf as unknown as { readonly app: { readonly client?: Agent } }).app.client;
  }

  /** `up` is told once the server took our secret, `down` once, whatever it was that ended it. */
  connect(to: { host: string; port: number; secret: string }, told: { up(socket: Socket): void; down(reason: string): void }): void {
    let isOver = false;
    const down = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      this.close();
      told.down(reason);
    };
    this.#srf.on('connect', (error) => {
      const socket = this.socket;
      if (error || !socket) down('refused');
      else if (!isOver) told.up(socket);
    });
    this.#srf.on('error', (error) => down((error as NodeJS.ErrnoException).code ?? error.message));
    (this.#srf as unknown as { on(event: 'close', listener: () => void): void }).on('close', () => down('closed'));
    void this.#srf.connect(to);
  }

  get socket(): Socket | undefined {
    return this.#agent?.mapServer.keys().next().value;
  }

  /** @throws when the socket is gone */
  request(options: RequestOptions, sent: (error: unknown, request?: SentRequest) => void): void {
    const srf = this.#srf as unknown as { request(options: RequestOptions, sent: (error: unknown, request?: SentRequest) => void): void };
    // In a dialog the server knows the target.
    srf.request({ uri: 'sip:placeholder', ...options }, sent);
  }

  /** Asks the server for a sign of life; `answered` is called when it came. */
  ping(socket: Socket, answered: () => void): void {
    const agent = this.#agent;
    const server = agent?.mapServer.get(socket);
    if (!agent || !server) return;
    server.pendingRequests.set(agent.wp.send(socket, 'ping'), answered);
  }

  /** Also keeps srf from connecting again by itself: it would do so in plain TCP, and with dialogs of another socket. */
  close(): void {
    const agent = this.#agent;
    if (!agent) return;
    agent.wp.closing = true;
    clearTimeout(agent.wp.reconnectVars?.retryTimer ?? undefined);
    for (const socket of agent.mapServer.keys()) socket.destroy();
  }
}
