/**
 * All listening sockets of the edge (RFC 3261 18). Created by the edge's start. Whatever arrives is parsed here; what goes up is a whole message with
 * its flow, its topmost Via telling where it came from. What cannot be parsed is answered 400 when it can be answered, else dropped; what is too much is
 * answered 503 or dropped (throttle.ts). Closing: sockets take nothing new, then connections end, each told to the layers above.
 */
import { isIP } from 'node:net';
import { isReachedAt } from './address.ts';
import { systemClock } from './clock.ts';
import { CONNECTION_LIMITS, type Connection, type ConnectionLimits, type ConnectionOwner, Connections } from './connections.ts';
import { isKeepAlive, stunAnswer } from './keepAlive.ts';
import type { SipMessage, SipRequest } from './message.ts';
import { type Bad, type Parsed, parseDatagram } from './messageParse.ts';
import { createResponse, writeMessage } from './messageWrite.ts';
import { type Names, rememberedNames } from './names.ts';
import { randomText } from './randomText.ts';
import { RETRY_AFTER_SEC, Throttle, type ThrottleOptions } from './throttle.ts';
import { TransportError } from './transportError.ts';
import { type StreamOptions, StreamTransport, type TlsFiles } from './transportStream.ts';
import { UdpTransport } from './transportUdp.ts';
import { WebSocketTransport } from './transportWebSocket.ts';
import type { Address, Clock, Destination, Flow, Protocol, Transports } from './types.ts';
import { noteSource, parseVia, responsePort } from './via.ts';

export interface TransportOptions {
  /** An address, or `0.0.0.0` or `::` for all; `::` takes IPv4 too. */
  readonly host: string;
  /** 0 takes any free port; a protocol without one is not spoken. `ws` is WSS when `tls` is given, and `tls` needs it. */
  readonly ports: { readonly udp?: number; readonly tcp?: number; readonly tls?: number; readonly ws?: number };
  readonly tls?: TlsFiles | undefined;
  /** What stands in Via and Contact; absent: the address that faces the far end. */
  readonly advertisedHost?: string | undefined;
  readonly clock?: Clock;
  readonly throttle?: Omit<ThrottleOptions, 'clock'>;
  readonly limits?: Partial<ConnectionLimits>;
  readonly log: { warn(fields: object, event: string): void; debug?(fields: object, event: string): void };
}

/** Binds all sockets. @throws when one cannot be bound; the others are closed again */
export async function openTransports(options: TransportOptions): Promise<OpenTransports> {
  const transports = new OpenTransports(options);
  try {
    await transports.open();
  } catch (error) {
    await transports.close('not opened');
    throw error;
  }
  return transports;
}

type Listening = Transports['listening'][number];

const DEFAULT_PORTS = { tcp: 5060, tls: 5061 } as const;

export class OpenTransports implements Transports {
  readonly listening: Listening[] = [];
  readonly throttle: Throttle;
  readonly #options: TransportOptions;
  readonly #onMessage: ((message: SipMessage, flow: Flow) => void)[] = [];
  readonly #onFlowClosed: ((flow: Flow) => void)[] = [];
  readonly #connections: Connections;
  readonly #owner: ConnectionOwner;
  /** Connections on their way, so that two requests at once do not open two. */
  readonly #connecting = new Map<string, Promise<Connection>>();
  readonly #names: Names;
  #udp: UdpTransport | undefined;
  readonly #streams: { tcp?: StreamTransport; tls?: StreamTransport } = {};
  #webSocket: WebSocketTransport | undefined;
  #isClosed = false;

  constructor(options: TransportOptions) {
    const clock = options.clock ?? systemClock;
    this.#names = rememberedNames(clock);
    const limits = { ...CONNECTION_LIMITS, ...options.limits };
    this.#options = options;
    this.throttle = new Throttle({ ...options.throttle, clock });
    this.#connections = new Connections(limits, clock);
    this.#owner = {
      clock,
      limits,
      onParsed: (parsed, flow) => {
        if (this.throttle.admits(flow.remote.host)) this.#receive(parsed, flow);
      },
      onClosed: (connection, reason) => this.#onClosed(connection, reason),
    };
  }

  /** How many connections stand, for metrics and leak checks. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  async open(): Promise<void> {
    const { ports, host, advertisedHost, tls } = this.#options;
    if (ports.udp !== undefined) {
      const onDatagram = (bytes: Buffer, flow: Flow): void => this.#onDatagram(bytes, flow);
      this.#udp = await UdpTransport.open({ host, port: ports.udp, advertisedHost, onDatagram, onError: this.#onSocketError });
      this.#noteListening('udp', this.#udp.address);
    }
    if (ports.tcp !== undefined) {
      this.#streams.tcp = await StreamTransport.open(this.#streamOptions(ports.tcp, undefined));
      this.#noteListening('tcp', this.#streams.tcp.address);
    }
    if (ports.tls !== undefined && tls) {
      this.#streams.tls = await StreamTransport.open(this.#streamOptions(ports.tls, tls));
      this.#noteListening('tls', this.#streams.tls.address);
    }
    if (ports.ws !== undefined) {
      this.#webSocket = await WebSocketTransport.open(this.#streamOptions(ports.ws, tls));
      this.#noteListening(tls ? 'wss' : 'ws', this.#webSocket.address);
    }
  }

  async flowTo(destination: Destination): Promise<Flow> {
    if (this.#isClosed) throw new TransportError('gone', 'the edge is closing');
    if (destination.flow !== undefined) {
      const flow = this.flow(destination.flow);
      if (!flow || flow.isClosed) throw new TransportError('gone', 'the flow is closed');
      return flow;
    }
    const { protocol, host, port } = destination;
    switch (protocol) {
      case 'udp':
        if (!this.#udp) throw new TransportError('unsupported', 'no UDP here');
        return this.#udp.flowTo((await this.#addressesOf(destination))[0] as string, port);
      case 'tcp':
      case 'tls':
        return this.#connections.find(destination) ?? this.#connect(protocol, host, port);
      default:
        // Browsers do not listen; only a flow of theirs leads to them.
        return this.#connections.find(destination) ?? unsupported(protocol);
    }
  }

  flow(id: string): Flow | undefined {
    return id.startsWith('udp-') ? this.#udp?.flow(id) : this.#connections.get(id);
  }

  answering(request: SipRequest, flow: Flow): Flow {
    if (flow.protocol !== 'udp' || !this.#udp) return flow;
    const via = parseVia(request.headers.get('via') ?? '');
    const port = via ? responsePort(via, flow.remote) : flow.remote.port;
    return port === flow.remote.port || this.#udp.isClosed ? flow : this.#udp.flowTo(flow.remote.host, port);
  }

  async answeringAgain(request: SipRequest, flow: Flow): Promise<Flow> {
    if (flow.protocol !== 'tcp' && flow.protocol !== 'tls') throw new TransportError('gone', 'the connection is closed');
    const port = parseVia(request.headers.get('via') ?? '')?.port ?? DEFAULT_PORTS[flow.protocol];
    return this.flowTo({ protocol: flow.protocol, host: flow.remote.host, port });
  }

  onMessage(listener: (message: SipMessage, flow: Flow) => void): void {
    this.#onMessage.push(listener);
  }

  onFlowClosed(listener: (flow: Flow) => void): void {
    this.#onFlowClosed.push(listener);
  }

  async close(reason: string): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.throttle.close();
    const sockets = [this.#streams.tcp?.close(), this.#streams.tls?.close(), this.#webSocket?.close()];
    this.#connections.close(reason);
    await Promise.all([...sockets, this.#udp?.close()]);
  }

  #streamOptions(port: number, tls: TlsFiles | undefined): StreamOptions {
    const { host, advertisedHost } = this.#options;
    return {
      ...{ host, port, advertisedHost, tls, owner: this.#owner, onError: this.#onSocketError },
      admission: (source) => (this.#isClosed ? undefined : this.#connections.admit(source)),
      onOpened: (connection) => {
        if (this.#isClosed) connection.close('the edge is closing');
        else this.#connections.add(connection);
      },
    };
  }

  #noteListening(protocol: Protocol, address: Address): void {
    const { advertisedHost } = this.#options;
    this.listening.push({ protocol, address, advertised: advertisedHost ? { host: advertisedHost, port: address.port } : address });
  }

  async #connect(protocol: 'tcp' | 'tls', host: string, port: number): Promise<Flow> {
    const stream = this.#streams[protocol] ?? unsupported(protocol);
    const key = `${protocol} ${host} ${port}`;
    const known = this.#connecting.get(key);
    if (known) return known;
    const connecting = this.#connectToFirst(stream, { protocol, host, port });
    this.#connecting.set(key, connecting);
    try {
      return await connecting;
    } finally {
      this.#connecting.delete(key);
    }
  }

  /** RFC 3263 4.3: each address of the name in turn. */
  async #connectToFirst(stream: StreamTransport, destination: Destination): Promise<Connection> {
    const addresses = await this.#addressesOf(destination);
    for (const address of addresses.slice(0, -1)) {
      const connection = await stream.connect(address, destination.port, destination.host).catch(() => undefined);
      if (connection) return connection;
    }
    return stream.connect(addresses.at(-1) as string, destination.port, destination.host);
  }

  /** Where it really leads, one at least; not to this edge itself, whatever a Via or a Contact says. @throws TransportError dns | refused */
  async #addressesOf({ protocol, host, port }: Destination): Promise<readonly string[]> {
    const addresses = isIP(host) === 0 ? await this.#names.addresses(host) : [host];
    if (addresses.length === 0) throw new TransportError('dns', 'the name has no address');
    const isOurs = (address: string): boolean =>
      this.listening.some((own) => own.protocol === protocol && own.address.port === port && isReachedAt(own.address.host, address));
    const others = addresses.filter((address) => !isOurs(address));
    if (others.length === 0) throw new TransportError('refused', 'that is this edge itself');
    return others;
  }

  #onDatagram(bytes: Buffer, flow: Flow): void {
    if (!this.throttle.admits(flow.remote.host)) return;
    if (!isKeepAlive(bytes)) return this.#receive(parseDatagram(bytes), flow);
    const answer = stunAnswer(bytes, flow.remote);
    if (answer) flow.send(answer).catch(() => undefined);
  }

  #receive(parsed: Parsed, flow: Flow): void {
    if (parsed.outcome === 'bad') return this.#refuse(parsed, flow);
    const { message } = parsed;
    if (message.kind === 'request') {
      const verdict = this.throttle.judge(message, flow.remote.host);
      if (verdict === 'drop') return;
      noteSourceOf(message, flow);
      if (verdict === 'refuse') return this.#answer(message, flow, 503, undefined, [['Retry-After', String(RETRY_AFTER_SEC)]]);
    }
    try {
      for (const listener of this.#onMessage) listener(message, flow);
    } catch (error) {
      // A fault of ours above: this message is lost, as any may be, and the others are served.
      const what = message.kind === 'request' ? message.method : message.status;
      this.#options.log.warn({ err: error, flow: flow.id, what }, 'edge.message_failed');
    }
  }

  /** Without a transaction: the same request again gets the same answer again. */
  #refuse({ answerable, status, reason }: Bad, flow: Flow): void {
    this.throttle.noteFault(flow.remote.host);
    if (!answerable || answerable.method === 'ACK' || !this.throttle.answersFault(flow.remote.host)) return;
    noteSourceOf(answerable, flow);
    this.#answer(answerable, flow, status, reason);
  }

  #answer(request: SipRequest, flow: Flow, status: number, reason?: string, lines: readonly (readonly [string, string])[] = []): void {
    const response = createResponse(request, status, { toTag: randomText(), ...(reason ? { reason } : {}) });
    for (const [name, value] of lines) response.headers.append(name, value);
    this.answering(request, flow)
      .send(writeMessage(response))
      .catch(() => undefined);
  }

  #onClosed(connection: Connection, reason: string): void {
    this.#connections.remove(connection);
    this.#options.log.debug?.({ flow: connection.id, reason }, 'edge.flow_closed');
    for (const listener of this.#onFlowClosed) listener(connection);
  }

  readonly #onSocketError = (error: Error): void => this.#options.log.warn({ err: error }, 'edge.socket_failed');
}

function unsupported(protocol: Protocol): never {
  throw new TransportError('unsupported', `no connection by ${protocol}`);
}

function noteSourceOf(request: SipRequest, flow: Flow): void {
  const via = parseVia(request.headers.get('via') ?? '');
  if (via) noteSource(request.headers, via, flow.remote);
}
