/**
 * The seams between the layers of the edge, bottom up: transport (flows) → transaction → dialog and wire. A layer knows the one below only through these
 * types. Times are milliseconds; addresses are IP texts without brackets; `port` 0 never leaves this file.
 */
import type { SipRequest, SipResponse } from './message.ts';

export type Protocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** Everything of the edge that waits asks this, so that tests own the time. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** RFC 3261 17.1.1.1 and table 4; ms. */
export interface SipTimers {
  readonly t1: number;
  readonly t2: number;
  readonly t4: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * A way to one far end: a connection, or a UDP socket with the far address. `id` names it within this edge's life and is what a registration's
 * binding keeps (RFC 5626): a request by `flow` goes this way and no other.
 */
export interface Flow {
  readonly id: string;
  readonly protocol: Protocol;
  readonly local: Address;
  readonly remote: Address;
  /** Of our listening socket, as it stands in Via and Contact. */
  readonly advertised: Address;
  readonly isReliable: boolean;
  readonly isClosed: boolean;
  /** Resolves when the system took the bytes. @throws TransportError when they cannot be sent (closed, refused, over its write limit, too large for UDP) */
  send(bytes: Buffer): Promise<void>;
  close(reason: string): void;
}

export interface Destination {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  /** This way or none. */
  readonly flow?: string;
}

/** All listening sockets. Parses what comes, answers what cannot be parsed (400) or is too much (503 or silence), and gives the rest up. */
export interface Transports {
  /** `host:port` per protocol, as bound. */
  readonly listening: readonly { readonly protocol: Protocol; readonly address: Address; readonly advertised: Address }[];
  /** A flow that stands, or a new connection. @throws TransportError (`code` refused | timeout | dns | gone | unsupported) */
  flowTo(destination: Destination): Promise<Flow>;
  flow(id: string): Flow | undefined;
  /** Where the response to a request of that flow goes (RFC 3261 18.2.2, RFC 3581 4): back the same way, but for UDP without `rport`. */
  answering(request: SipRequest, flow: Flow): Flow;
  /** The same when that connection is closed: a new one to the port of the Via (RFC 3261 18.2.2). @throws TransportError */
  answeringAgain(request: SipRequest, flow: Flow): Promise<Flow>;
  onMessage(listener: (message: SipRequest | SipResponse, flow: Flow) => void): void;
  onFlowClosed(listener: (flow: Flow) => void): void;
  close(reason: string): Promise<void>;
}

/** RFC 3261 17.2. Retransmissions are absorbed and answered below; the user sees each request once. */
export interface ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** The last response it sent. */
  readonly lastResponse: SipResponse | undefined;
  readonly isCompleted: boolean;
  /**
   * Sends a response, once each; finals are repeated as the RFC says. A 2xx of an INVITE ends the transaction: its repetition until ACK is the
   * dialog's (13.3.1.4). @throws when a final went out already
   */
  respond(response: SipResponse): void;
  onCancel(listener: (cancel: SipRequest) => void): void;
  /** The transaction ended: `reason` done | timeout (no ACK for a non-2xx, nothing answered in 64 s) | transport. */
  onEnded(listener: (reason: 'done' | 'timeout' | 'transport') => void): void;
}

/** RFC 3261 17.1. 100 is told too; a non-2xx final of an INVITE is acknowledged below. */
export interface ClientTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  onResponse(listener: (response: SipResponse) => void): void;
  /** Ended without a final response: `timeout` (B or F), `transport`. */
  onFailed(listener: (reason: 'timeout' | 'transport') => void): void;
  /** RFC 3261 9.1: sent when a provisional came; harmless after a final. @returns whether it went out or will */
  cancel(headers?: readonly (readonly [string, string])[]): boolean;
}

export interface Transactions {
  /** New requests, not ACK and not CANCEL of one that is known (a stray CANCEL is answered 481 below). */
  onRequest(listener: (transaction: ServerTransaction) => void): void;
  /** ACKs that belong to no transaction: those of 2xx. */
  onAck(listener: (ack: SipRequest, flow: Flow) => void): void;
  /** 2xx of INVITE that come again after the transaction ended (their ACK was lost). */
  onStrayResponse(listener: (response: SipResponse, flow: Flow) => void): void;
  /** Puts our Via on top and sends. @throws TransportError */
  send(request: SipRequest, destination: Destination): Promise<ClientTransaction>;
  /** ACK of a 2xx: outside any transaction (17.1.1.3). @throws TransportError */
  sendStateless(message: SipRequest, destination: Destination): Promise<void>;
  /** How many are alive, by kind: for metrics and leak checks. */
  readonly counts: { readonly server: number; readonly client: number };
  close(reason: string): void;
}
