/**
 * All listening sockets of the edge (RFC 3261 18). Created by the edge's start. Whatever arrives is parsed here; what goes up is a whole message with
 * its flow, its topmost Via telling where it came from. What cannot be parsed is answered 400 when it can be answered, else dropped.
 */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { SipMessage, SipRequest } from './message.ts';
import { type Bad, type Parsed, parseDatagram } from './messageParse.ts';
import { createResponse, writeMessage } from './messageWrite.ts';
import { randomText } from './randomText.ts';
import { TransportError } from './transportError.ts';
import { UdpTransport } from './transportUdp.ts';
import type { Address, Destination, Flow, Protocol, Transports } from './types.ts';
import { noteSource, parseVia, responsePort } from './via.ts';

export interface TransportOptions {
  /** An address, or `0.0.0.0` or `::` for all; `::` takes IPv4 too. */
  readonly host: string;
  /** 0 takes any free port; a protocol without one is not spoken. */
  readonly ports: { readonly udp?: number };
  /** What stands in Via and Contact; absent: the address that faces the far end. */
  readonly advertisedHost?: string | undefined;
  readonly log: { warn(fields: object, event: string): void };
}

type Listening = Transports['listening'][number];

/** Binds all sockets. @throws when one cannot be bound; the others are closed again */
export async function openTransports(options: TransportOptions): Promise<Transports> {
  const transports = new OpenTransports(options);
  try {
    await transports.open();
  } catch (error) {
    await transports.close('not opened');
    throw error;
  }
  return transports;
}

class OpenTransports implements Transports {
  readonly listening: Listening[] = [];
  readonly #options: TransportOptions;
  readonly #onMessage: ((message: SipMessage, flow: Flow) => void)[] = [];
  readonly #onFlowClosed: ((flow: Flow) => void)[] = [];
  #udp: UdpTransport | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { ports, host, advertisedHost, log } = this.#options;
    if (ports.udp !== undefined) {
      this.#udp = await UdpTransport.open({
        host,
        port: ports.udp,
        advertisedHost,
        onDatagram: (bytes, flow) => this.#onDatagram(bytes, flow),
        onError: (error) => log.warn({ err: error }, 'edge.socket_failed'),
      });
      this.#noteListening('udp', this.#udp.address);
    }
  }

  async flowTo(destination: Destination): Promise<Flow> {
    if (destination.flow !== undefined) {
      const flow = this.flow(destination.flow);
      if (!flow || flow.isClosed) throw new TransportError('gone', 'the flow is closed');
      return flow;
    }
    const host = await addressOf(destination.host);
    if (destination.protocol !== 'udp' || !this.#udp) throw new TransportError('unsupported', `no ${destination.protocol} here`);
    return this.#udp.flowTo(host, destination.port);
  }

  flow(id: string): Flow | undefined {
    return this.#udp?.flow(id);
  }

  answering(request: SipRequest, flow: Flow): Flow {
    if (flow.protocol !== 'udp' || !this.#udp) return flow;
    const via = parseVia(request.headers.get('via') ?? '');
    const port = via ? responsePort(via, flow.remote) : flow.remote.port;
    return port === flow.remote.port || this.#udp.isClosed ? flow : this.#udp.flowTo(flow.remote.host, port);
  }

  onMessage(listener: (message: SipMessage, flow: Flow) => void): void {
    this.#onMessage.push(listener);
  }

  onFlowClosed(listener: (flow: Flow) => void): void {
    this.#onFlowClosed.push(listener);
  }

  async close(_reason: string): Promise<void> {
    await this.#udp?.close();
  }

  #noteListening(protocol: Protocol, address: Address): void {
    const { advertisedHost } = this.#options;
    this.listening.push({ protocol, address, advertised: advertisedHost ? { host: advertisedHost, port: address.port } : address });
  }

  #onDatagram(bytes: Buffer, flow: Flow): void {
    // Keep-alives: line ends, zeros (RFC 5626 would have STUN; phones send these).
    const first = bytes[0];
    if (bytes.length <= 4 && (first === undefined || first === 13 || first === 0)) return;
    this.#receive(parseDatagram(bytes), flow);
  }

  #receive(parsed: Parsed, flow: Flow): void {
    if (parsed.outcome === 'bad') return this.#refuse(parsed, flow);
    const { message } = parsed;
    if (message.kind === 'request') this.#noteSource(message, flow);
    for (const listener of this.#onMessage) listener(message, flow);
  }

  #noteSource(request: SipRequest, flow: Flow): void {
    const via = parseVia(request.headers.get('via') ?? '');
    if (via) noteSource(request.headers, via, flow.remote);
  }

  /** Without a transaction: the same request again gets the same answer again. */
  #refuse({ answerable, status, reason }: Bad, flow: Flow): void {
    if (!answerable || answerable.method === 'ACK') return;
    this.#noteSource(answerable, flow);
    const bytes = writeMessage(createResponse(answerable, status, { reason, toTag: randomText() }));
    this.answering(answerable, flow)
      .send(bytes)
      .catch(() => undefined);
  }
}

/** @throws TransportError dns */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new TransportError('dns', 'the name has no address', { cause: error });
  }
}
