/**
 * SIP over TCP and TLS (RFC 3261 18, RFC 5626 4.4.1): one listening socket, and the connections this edge opens itself. Created by Transports.
 */
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { isWildcard, plainAddress } from './address.ts';
import { Connection, type ConnectionOwner, type Ends } from './connections.ts';
import { type Admission, Handshakes } from './handshakes.ts';
import type { Parsed } from './messageParse.ts';
import { type FrameSink, StreamFraming } from './streamFraming.ts';
import { TransportError } from './transportError.ts';
import type { Address } from './types.ts';

const PONG = Buffer.from('\r\n');
const KEEP_ALIVE_MS = 60_000;
/** For the last bytes of a connection we close. */
const LINGER_MS = 1_000;

export interface TlsFiles {
  /** PEM. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** PEM of authorities that our own connections trust beside the usual ones. */
  readonly ca?: string | Buffer;
}

export interface StreamOptions {
  readonly host: string;
  readonly port: number;
  readonly advertisedHost: string | undefined;
  /** Present: TLS. */
  readonly tls: TlsFiles | undefined;
  readonly owner: ConnectionOwner;
  readonly admission: Admission;
  onOpened(connection: Connection): void;
  onError(error: Error): void;
}

export class StreamTransport {
  readonly address: Address;
  readonly #server: Server;
  readonly #options: StreamOptions;
  readonly #handshakes: Handshakes;
  /** Sockets of ours on their way; connections are closed by their table. */
  readonly #connecting = new Set<Socket>();

  private constructor(server: Server, options: StreamOptions) {
    this.#server = server;
    this.#options = options;
    this.#handshakes = new Handshakes(options.admission);
    const bound = server.address();
    this.address = { host: options.host, port: typeof bound === 'object' && bound ? bound.port : 0 };
    server.on('error', options.onError);
  }

  /** @throws when the port cannot be bound */
  static async open(options: StreamOptions): Promise<StreamTransport> {
    const { tls, owner } = options;
    const server = tls
      ? createTlsServer({ cert: tls.cert, key: tls.key, handshakeTimeout: owner.limits.connectMs, minVersion: 'TLSv1.2' })
      : createServer();
    await listen(server, options.host, options.port);
    const transport = new StreamTransport(server, options);
    server.on('connection', (socket: Socket) => transport.#onRaw(socket));
    if (tls) server.on('secureConnection', (socket: Socket) => transport.#onConnected(socket));
    return transport;
  }

  /** Opens a connection. @throws TransportError refused | timeout */
  connect(address: string, port: number, asked: string): Promise<Connection> {
    const { tls, host, owner } = this.#options;
    const source = isWildcard(host) ? {} : { localAddress: host };
    return new Promise((resolve, reject) => {
      const socket: Socket = tls
        ? connectTls({ host: address, port, ...source, ...(tls.ca ? { ca: tls.ca } : {}), ...serverName(asked) })
        : createConnection({ host: address, port, ...source });
      this.#connecting.add(socket);
      const fail = (code: 'refused' | 'timeout', cause?: unknown): void => {
        owner.clock.clearTimeout(timer);
        this.#connecting.delete(socket);
        socket.destroy();
        reject(new TransportError(code, 'no connection to the far end', { cause }));
      };
      const timer = owner.clock.setTimeout(() => fail('timeout'), owner.limits.connectMs);
      const onEnded = (error?: unknown): void => fail('refused', error);
      socket.once('error', onEnded);
      socket.once('close', onEnded);
      socket.once(tls ? 'secureConnect' : 'connect', () => {
        owner.clock.clearTimeout(timer);
        this.#connecting.delete(socket);
        socket.off('close', onEnded).off('error', onEnded);
        resolve(this.#adopt(socket, { host: address, port }, asked));
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#handshakes.close();
    for (const socket of this.#connecting) socket.destroy();
    await closed;
  }

  /** Before TLS: what is too many costs no handshake. */
  #onRaw(socket: Socket): void {
    if (this.#handshakes.begin(socket) && !this.#options.tls) this.#onConnected(socket);
  }

  #onConnected(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    this.#handshakes.end(socket);
    if (!remoteAddress || !remotePort) return void socket.destroy();
    this.#adopt(socket, { host: plainAddress(remoteAddress), port: remotePort });
  }

  #adopt(socket: Socket, remote: Address, asked?: string): Connection {
    const { tls, owner, host, advertisedHost } = this.#options;
    const localHost = isWildcard(host) ? plainAddress(socket.localAddress ?? host) : host;
    const local = { host: localHost, port: socket.localPort ?? 0 };
    const advertised = { host: advertisedHost ?? localHost, port: this.address.port };
    const connection = new StreamConnection(socket, tls ? 'tls' : 'tcp', { local, remote, advertised }, owner, asked);
    this.#options.onOpened(connection);
    return connection;
  }
}

/** TLS names a host, never an address (RFC 6066 3). */
function serverName(asked: string): { servername?: string } {
  return /[a-z]/i.test(asked) && !asked.includes(':') ? { servername: asked } : {};
}

function ignored(): void {}

export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: false, backlog: 1_024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

class StreamConnection extends Connection implements FrameSink {
  readonly #socket: Socket;
  readonly #framing: StreamFraming;
  #isPinged = false;

  constructor(socket: Socket, protocol: 'tcp' | 'tls', ends: Ends, owner: ConnectionOwner, asked: string | undefined) {
    super(protocol, ends, owner, asked);
    this.#socket = socket;
    this.#framing = new StreamFraming(this);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => this.close('broken'));
    socket.on('end', () => this.close('closed by the far end'));
    socket.on('close', () => this.close('closed'));
  }

  onParsed(parsed: Parsed): void {
    this.parsed(parsed);
  }

  onPing(): void {
    this.#isPinged = true;
  }

  protected unsent(): number {
    return this.#socket.writableLength;
  }

  protected write(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** What was written is still sent, if the far end takes it now. */
  protected hangUp(reason: string): void {
    if (this.#socket.writableLength === 0 || reason === 'slow') return void this.#socket.destroy();
    this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy());
    this.#socket.destroySoon();
  }

  #onData(chunk: Buffer): void {
    if (this.isClosed) return;
    const isSound = this.#framing.push(chunk);
    this.heard(this.#framing.isPartial);
    // Once for all that came together: line ends cost their sender nothing, each answer a call of the system.
    if (this.#isPinged) this.send(PONG).catch(ignored);
    this.#isPinged = false;
    if (!isSound) this.close('not SIP');
  }
}
