/**
 * SIP over WebSocket (RFC 7118): subprotocol `sip`, one message a frame. Created by Transports. This edge only listens: a browser cannot be connected to,
 * so its requests go by the flow of its registration.
 */
import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { isWildcard, plainAddress } from './address.ts';
import { Connection, type ConnectionOwner, type Ends } from './connections.ts';
import { Handshakes } from './handshakes.ts';
import { LIMITS, parseDatagram } from './messageParse.ts';
import { listen, type StreamOptions } from './transportStream.ts';
import type { Address } from './types.ts';

const MESSAGE_MAX = LIMITS.headBytes + LIMITS.bodyBytes;
const HANDSHAKE_MS = 10_000;
/** What a far end is given to say good-bye. */
const CLOSE_MS = 500;
const PING_MS = 30_000;
const PONG = Buffer.from('\r\n');

export class WebSocketTransport {
  readonly address: Address;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #options: StreamOptions;
  /** Until the upgrade; plain HTTP is answered and closed. */
  readonly #handshakes: Handshakes;

  private constructor(http: Server, options: StreamOptions) {
    this.#http = http;
    this.#options = options;
    this.#handshakes = new Handshakes(options.admission);
    const bound = http.address();
    this.address = { host: options.host, port: typeof bound === 'object' && bound ? bound.port : 0 };
    this.#sockets = new WebSocketServer({
      server: http,
      maxPayload: MESSAGE_MAX,
      perMessageDeflate: false,
      clientTracking: false,
      // Not among the package's types yet.
      ...{ closeTimeout: CLOSE_MS },
      handleProtocols: (offered) => (offered.has('sip') ? 'sip' : false),
      verifyClient: ({ req }: { req: IncomingMessage }) => offersSip(req.headers['sec-websocket-protocol']),
    });
    this.#sockets.on('connection', (socket, request) => this.#onConnected(socket, request));
    this.#sockets.on('error', options.onError);
    http.on('connection', (socket: Socket) => this.#handshakes.begin(socket));
    http.on('request', (_request, response) => response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end());
  }

  /** @throws when the port cannot be bound */
  static async open(options: StreamOptions): Promise<WebSocketTransport> {
    const timeouts = { headersTimeout: HANDSHAKE_MS, requestTimeout: HANDSHAKE_MS, connectionsCheckingInterval: 1_000 };
    const http = options.tls
      ? createTlsServer({ ...timeouts, cert: options.tls.cert, key: options.tls.key, handshakeTimeout: HANDSHAKE_MS })
      : createServer(timeouts);
    await listen(http, options.host, options.port);
    return new WebSocketTransport(http, options);
  }

  async close(): Promise<void> {
    this.#sockets.close();
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await closed;
  }

  #onConnected(socket: WebSocket, { socket: below }: IncomingMessage): void {
    const { remoteAddress, remotePort } = below;
    this.#handshakes.end(below);
    if (!remoteAddress || !remotePort) return socket.terminate();
    const { tls, owner, host, advertisedHost } = this.#options;
    const localHost = isWildcard(host) ? plainAddress(below.localAddress ?? host) : host;
    const ends: Ends = {
      local: { host: localHost, port: this.address.port },
      remote: { host: plainAddress(remoteAddress), port: remotePort },
      advertised: { host: advertisedHost ?? localHost, port: this.address.port },
    };
    this.#options.onOpened(new SocketConnection(socket, tls ? 'wss' : 'ws', ends, owner));
  }
}

function offersSip(header: string | undefined): boolean {
  return header?.split(',').some((name) => name.trim() === 'sip') ?? false;
}

class SocketConnection extends Connection {
  readonly #socket: WebSocket;
  #isAlive = true;
  #ping: unknown;

  constructor(socket: WebSocket, protocol: 'ws' | 'wss', ends: Ends, owner: ConnectionOwner) {
    super(protocol, ends, owner);
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#onFrame(data));
    socket.on('pong', () => {
      this.#isAlive = true;
      this.heard(false);
    });
    socket.on('error', () => this.close('broken'));
    socket.on('close', () => this.close('closed'));
    this.#ping = owner.clock.setTimeout(this.#onPing, PING_MS);
  }

  protected unsent(): number {
    return this.#socket.bufferedAmount;
  }

  protected write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, { binary: !isUtf8(bytes) }, (error) => (error ? reject(error) : resolve()));
    });
  }

  protected hangUp(): void {
    this.owner.clock.clearTimeout(this.#ping);
    // A far end that does not take bytes does not take a farewell either.
    if (this.#socket.bufferedAmount > 0) this.#socket.terminate();
    else this.#socket.close(1001);
  }

  #onFrame(data: Buffer): void {
    if (this.isClosed) return;
    this.heard(false);
    if (data.length <= 4 && (data.length === 0 || data[0] === 13)) {
      if (data.length === 4) this.send(PONG).catch(() => undefined);
      return;
    }
    this.parsed(parseDatagram(data));
  }

  readonly #onPing = (): void => {
    if (!this.#isAlive) return this.close('silent');
    this.#isAlive = false;
    this.#socket.ping();
    this.#ping = this.owner.clock.setTimeout(this.#onPing, PING_MS);
  };
}
