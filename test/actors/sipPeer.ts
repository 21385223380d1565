/**
 * A SIP far end that does exactly what a test says: it sends texts as given, byte for byte, and shows what came, however wrong. For races that
 * well-behaved phones never produce. Sockets of its own; the product's parser is used for reading only. Created by tests, closed by them.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection, type Socket as TcpSocket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import type { SipMessage, SipRequest, SipResponse } from '../../sip/edge/message.ts';
import { contentLength, headLength, parseDatagram, parseHead } from '../../sip/edge/messageParse.ts';
import { until } from '../support/services.ts';

type PeerProtocol = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export interface PeerOptions {
  readonly protocol: PeerProtocol;
  /** Of the SIP server. */
  readonly host: string;
  readonly port: number;
  /** Own address; default 127.0.0.1, or ::1 for an IPv6 server. */
  readonly from?: string;
}

export interface SipPeer {
  readonly protocol: PeerProtocol;
  readonly host: string;
  readonly port: number;
  /** All that came, in order. */
  readonly received: readonly SipMessage[];
  /** What came and was no message, e.g. keep-alives: as text. */
  readonly strange: readonly string[];
  readonly isClosed: boolean;
  /** As it is: no line end is mended, no length counted. UDP: one datagram. */
  send(text: string | Buffer): void;
  /** To another address, UDP only. */
  sendTo(text: string | Buffer, host: string, port: number): void;
  /** The first request of that method not yet taken by `request` or `response`. Waits for it. */
  request(method: string): Promise<SipRequest>;
  /** The first response with that status (and CSeq method) not yet taken. Waits for it. */
  response(status: number, method?: string): Promise<SipResponse>;
  close(): void;
  /** Without a word: reset for TCP. */
  destroy(): void;
}

/** Connects (UDP: binds). */
export async function sipPeer(options: PeerOptions): Promise<SipPeer> {
  const received: SipMessage[] = [];
  const strange: string[] = [];
  const taken = new Set<SipMessage>();
  const inbox = (bytes: Buffer): void => {
    const parsed = parseDatagram(bytes);
    if (parsed.outcome === 'message') received.push(parsed.message);
    else strange.push(bytes.toString('latin1'));
  };
  const wire = await openWire(options, inbox, (text) => strange.push(text));
  const take = <Kind extends SipMessage>(what: string, matches: (message: SipMessage) => message is Kind): Promise<Kind> =>
    until(
      () => {
        const found = received.find((message): message is Kind => !taken.has(message) && matches(message));
        if (found) taken.add(found);
        return found;
      },
      { everyMs: 2, what: `the SIP message ${what}` },
    ) as Promise<Kind>;
  return {
    protocol: options.protocol,
    host: wire.host,
    port: wire.port,
    received,
    strange,
    get isClosed() {
      return wire.isClosed();
    },
    send: (text) => wire.send(Buffer.from(text)),
    sendTo: (text, host, port) => wire.sendTo(Buffer.from(text), host, port),
    request: (method) => take(method, (message): message is SipRequest => message.kind === 'request' && message.method === method),
    response: (status, method) =>
      take(
        `${status} ${method ?? ''}`,
        (message): message is SipResponse =>
          message.kind === 'response' &&
          message.status === status &&
          (method === undefined || message.headers.get('cseq')?.endsWith(` ${method}`) === true),
      ),
    close: () => wire.close(),
    destroy: () => wire.destroy(),
  };
}

interface Wire {
  readonly host: string;
  readonly port: number;
  isClosed(): boolean;
  send(bytes: Buffer): void;
  sendTo(bytes: Buffer, host: string, port: number): void;
  close(): void;
  destroy(): void;
}

type Inbox = (bytes: Buffer) => void;

async function openWire(options: PeerOptions, inbox: Inbox, strange: (text: string) => void): Promise<Wire> {
  switch (options.protocol) {
    case 'udp':
      return udpWire(options, inbox);
    case 'tcp':
    case 'tls':
      return streamWire(options, inbox, strange);
    case 'ws':
    case 'wss':
      return socketWire(options, inbox);
  }
}

function ownHost({ from, host }: PeerOptions): string {
  return from ?? (host.includes(':') ? '::1' : '127.0.0.1');
}

async function udpWire(options: PeerOptions, inbox: Inbox): Promise<Wire> {
  const socket: UdpSocket = createSocket(options.host.includes(':') ? 'udp6' : 'udp4');
  let isClosed = false;
  socket.on('message', inbox);
  socket.bind(0, ownHost(options));
  await once(socket, 'listening');
  const close = (): void => {
    if (!isClosed) socket.close();
    isClosed = true;
  };
  return {
    host: socket.address().address,
    port: socket.address().port,
    isClosed: () => isClosed,
    send: (bytes) => socket.send(bytes, options.port, options.host),
    sendTo: (bytes, host, port) => socket.send(bytes, port, host),
    close,
    destroy: close,
  };
}

async function streamWire(options: PeerOptions, inbox: Inbox, strange: (text: string) => void): Promise<Wire> {
  const { host, port } = options;
  const socket: TcpSocket =
    options.protocol === 'tls'
      ? connectTls({ host, port, rejectUnauthorized: false })
      : createConnection({ host, port, localAddress: ownHost(options) });
  socket.setNoDelay(true);
  let buffered: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    buffered = cutMessages(Buffer.concat([buffered, chunk]), inbox, strange);
  });
  await once(socket, options.protocol === 'tls' ? 'secureConnect' : 'connect');
  socket.on('error', () => undefined);
  return {
    host: socket.localAddress ?? '',
    port: socket.localPort ?? 0,
    isClosed: () => socket.destroyed,
    send: (bytes) => void socket.write(bytes),
    sendTo: notUdp,
    close: () => void socket.end(),
    destroy: () => void (options.protocol === 'tls' ? socket.destroy() : socket.resetAndDestroy()),
  };
}

/** @returns what is left: the begin of a message */
function cutMessages(bytes: Buffer, inbox: Inbox, strange: (text: string) => void): Buffer {
  let rest = bytes;
  for (;;) {
    let pings = 0;
    while (rest[pings] === 13 && rest[pings + 1] === 10) pings += 2;
    if (pings > 0) strange(rest.toString('latin1', 0, pings));
    rest = rest.subarray(pings);
    const length = headLength(rest);
    if (length === undefined) return rest;
    const parsed = parseHead(rest.subarray(0, length));
    const body = parsed.outcome === 'message' ? contentLength(parsed.message.headers) : 0;
    const end = length + (typeof body === 'number' ? body : 0);
    if (rest.length < end) return rest;
    inbox(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
}

async function socketWire({ protocol, host, port }: PeerOptions, inbox: Inbox): Promise<Wire> {
  const address = host.includes(':') ? `[${host}]` : host;
  const socket = new WebSocket(`${protocol}://${address}:${port}`, 'sip', { rejectUnauthorized: false });
  socket.on('message', (data: Buffer) => inbox(Buffer.from(data)));
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return {
    host: 'peer.invalid',
    port: 5060,
    isClosed: () => socket.readyState >= WebSocket.CLOSING,
    send: (bytes) => socket.send(bytes.toString('utf8')),
    sendTo: notUdp,
    close: () => socket.close(),
    destroy: () => socket.terminate(),
  };
}

function notUdp(): never {
  throw new Error('only a UDP peer sends to another address');
}

let counter = 0;

/** A number that no other message of this process has: for branches, tags and Call-IDs. */
export function freshId(prefix = 'p'): string {
  counter += 1;
  return `${prefix}${process.pid.toString(36)}${counter.toString(36)}`;
}

/** Parts of a request; what is given replaces the default, `null` leaves it out. */
export interface RequestParts {
  readonly uri?: string;
  readonly branch?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly contact?: string | null;
  readonly lines?: readonly string[];
  readonly body?: string;
}

/** The text of an ordinary request of that peer, for tests to send or to spoil. */
export function requestText(peer: SipPeer, method: string, parts: RequestParts = {}): string {
  const host = peer.host.includes(':') ? `[${peer.host}]` : peer.host;
  const contact = parts.contact === undefined ? `<sip:peer@${host}:${peer.port};transport=${peer.protocol}>` : parts.contact;
  const body = parts.body ?? '';
  const lines = [
    `${method} ${parts.uri ?? 'sip:centralino.example'} SIP/2.0`,
    `Via: SIP/2.0/${peer.protocol.toUpperCase()} ${host}:${peer.port};rport;branch=${parts.branch ?? freshId('z9hG4bK')}`,
    'Max-Forwards: 70',
    `From: ${parts.from ?? `<sip:peer@${host}>;tag=${freshId('t')}`}`,
    `To: ${parts.to ?? '<sip:centralino.example>'}`,
    `Call-ID: ${parts.callId ?? freshId('c')}`,
    `CSeq: ${parts.cseq ?? 1} ${method}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...(parts.lines ?? []),
    ...(body === '' || parts.lines?.some((line) => /^content-type:/i.test(line)) ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** The text of a response to a request that a peer received: Via, From, To (with a tag), Call-ID and CSeq are copied. */
export function responseText(
  request: SipRequest,
  status: number,
  parts: { reason?: string; toTag?: string; lines?: readonly string[]; body?: string } = {},
): string {
  const to = request.headers.get('to') ?? '';
  const body = parts.body ?? '';
  const lines = [
    `SIP/2.0 ${status} ${parts.reason ?? 'Said So'}`,
    ...request.headers.all('via').map((via) => `Via: ${via}`),
    ...request.headers.all('record-route').map((route) => `Record-Route: ${route}`),
    `From: ${request.headers.get('from')}`,
    `To: ${to}${to.includes(';tag=') || status === 100 ? '' : `;tag=${parts.toTag ?? freshId('t')}`}`,
    `Call-ID: ${request.headers.get('call-id')}`,
    `CSeq: ${request.headers.get('cseq')}`,
    ...(parts.lines ?? []),
    ...(body === '' || parts.lines?.some((line) => /^content-type:/i.test(line)) ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
