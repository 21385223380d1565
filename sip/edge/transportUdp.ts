/**
 * One UDP socket. Created by Transports. A flow is the socket and a far address: it costs nothing to make, so it is made again from its id whenever
 * asked for, and only the last ones used are kept.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { isV6Text, isWildcard, localToward, plainAddress } from './address.ts';
import { Recent } from './recent.ts';
import { TransportError } from './transportError.ts';
import type { Address, Flow } from './types.ts';

const KEPT_FLOWS = 10_000;
/** What a datagram can hold over IPv4; larger SIP is fragmented by IP, as every phone system does (RFC 3261 18.1.1 would have TCP tried first). */
const DATAGRAM_MAX = 65_507;
const SOCKET_BUFFER = 4 * 1024 * 1024;

export interface UdpOptions {
  readonly host: string;
  readonly port: number;
  readonly advertisedHost: string | undefined;
  readonly onDatagram: (bytes: Buffer, flow: Flow) => void;
  /** A socket that broke; sends of single datagrams fail by themselves. */
  readonly onError: (error: Error) => void;
}

export class UdpTransport {
  readonly address: Address;
  readonly #socket: Socket;
  readonly #options: UdpOptions;
  readonly #isV6: boolean;
  readonly #flows = new Recent<UdpFlow>(KEPT_FLOWS);
  #isClosed = false;

  private constructor(socket: Socket, options: UdpOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#isV6 = isIPv6(options.host);
    this.address = { host: options.host, port: socket.address().port };
    socket.on('message', (bytes, source) => this.#onMessage(bytes, source));
    socket.on('error', options.onError);
  }

  /** @throws when the port cannot be bound */
  static async open(options: UdpOptions): Promise<UdpTransport> {
    const socket = createSocket({
      type: isIPv6(options.host) ? 'udp6' : 'udp4',
      // Destinations are addresses already; the default would ask the resolver for each datagram.
      lookup: (host, _options, done) => done(null, host, isV6Text(host) ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port: options.port, address: options.host }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    // Bursts wait here while the loop is busy. The system may grant less.
    socket.setRecvBufferSize(SOCKET_BUFFER);
    return new UdpTransport(socket, options);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws TransportError for an address family this socket does not have */
  flowTo(host: string, port: number): Flow {
    if (this.#isClosed) throw new TransportError('gone', 'the socket is closed');
    if (isV6Text(host) ? !this.#isV6 : this.#isV6 && !isWildcard(this.#options.host))
      throw new TransportError('unsupported', 'no UDP socket of that address family');
    const id = `udp-${this.address.port}-${host}-${port}`;
    const known = this.#flows.get(id);
    if (known) return known;
    const flow = new UdpFlow(this, id, { host, port }, this.#localAddress(host), this.#options.advertisedHost);
    this.#flows.set(id, flow);
    return flow;
  }

  /** Of an id this socket gave; undefined for any other text. */
  flow(id: string): Flow | undefined {
    const parts = /^udp-(\d+)-([0-9a-fA-F.:%a-z]+)-(\d{1,5})$/.exec(id);
    if (!parts || Number(parts[1]) !== this.address.port || this.#isClosed) return undefined;
    return this.#flows.get(id) ?? this.flowTo(parts[2] as string, Number(parts[3]));
  }

  send(bytes: Buffer, to: Address): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new TransportError('gone', 'the socket is closed'));
      if (bytes.length > DATAGRAM_MAX) return reject(new TransportError('full', `${bytes.length} bytes are too many for a datagram`));
      const host = this.#isV6 && !isV6Text(to.host) ? `::ffff:${to.host}` : to.host;
      this.#socket.send(bytes, to.port, host, (error) => {
        if (error) reject(new TransportError('refused', 'the datagram was not taken', { cause: error }));
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#flows.clear();
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #onMessage(bytes: Buffer, source: RemoteInfo): void {
    // Port 0 cannot be answered and is forged.
    if (source.port === 0) return;
    this.#options.onDatagram(bytes, this.flowTo(plainAddress(source.address), source.port));
  }

  #localAddress(remote: string): Address {
    return isWildcard(this.#options.host) ? { host: localToward(remote), port: this.address.port } : this.address;
  }
}

class UdpFlow implements Flow {
  readonly id: string;
  readonly protocol = 'udp';
  readonly isReliable = false;
  readonly local: Address;
  readonly remote: Address;
  readonly advertised: Address;
  readonly #socket: UdpTransport;

  constructor(socket: UdpTransport, id: string, remote: Address, local: Address, advertisedHost: string | undefined) {
    this.id = id;
    this.local = local;
    this.remote = remote;
    this.advertised = advertisedHost ? { host: advertisedHost, port: local.port } : local;
    this.#socket = socket;
  }

  get isClosed(): boolean {
    return this.#socket.isClosed;
  }

  send(bytes: Buffer): Promise<void> {
    return this.#socket.send(bytes, this.remote);
  }

  /** A datagram's far end has nothing to close. */
  close(): void {}
}
