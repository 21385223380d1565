/** A phone that does only what a test tells it: raw SIP over UDP, nothing repeated, nothing answered by itself. */
import { createSocket, type Socket } from 'node:dgram';
import { onTestFinished } from 'vitest';
import type { SipMessage, SipRequest, SipResponse } from '../../../sip/edge/message.ts';
import { cseqOf, parseDatagram } from '../../../sip/edge/messageParse.ts';
import { createRequest, createResponse, writeMessage } from '../../../sip/edge/messageWrite.ts';
import { parseNameAddr, tagOf } from '../../../sip/edge/nameAddr.ts';
import { randomText } from '../../../sip/edge/randomText.ts';

import type { TestEdge } from './edges.ts';

export const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 15000 RTP/AVP 0\r\na=sendrecv\r\n';

export type Lines = readonly (readonly [string, string])[];

export interface ReplyOptions {
  readonly tag?: string;
  readonly body?: string;
  readonly contact?: string;
  readonly lines?: Lines;
}

/** What makes a call: enough to send requests in it. */
export interface PeerCall {
  readonly invite: SipRequest;
  readonly answer: SipResponse;
}

export class SipPeer {
  readonly port: number;
  /** All that came, in order. */
  readonly received: SipMessage[] = [];
  readonly #socket: Socket;
  readonly #edgePort: number;
  readonly #settled: () => Promise<void>;
  /** What is sent waits for the edge to know what its applications want, and keeps its order. */
  #sending: Promise<void> = Promise.resolve();
  #taken = 0;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket, edge: TestEdge) {
    this.#socket = socket;
    this.#edgePort = edge.sipPort;
    this.#settled = () => edge.settled();
    this.port = socket.address().port;
    socket.on('message', (bytes) => {
      const parsed = parseDatagram(bytes);
      if (parsed.outcome !== 'message') throw new Error(`the edge sent what is no SIP: ${bytes}`);
      this.received.push(parsed.message);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  static async open(edge: TestEdge): Promise<SipPeer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return new SipPeer(socket, edge);
  }

  get contact(): string {
    return `<sip:peer@127.0.0.1:${this.port}>`;
  }

  send(message: SipMessage, port = this.#edgePort): void {
    this.sendRaw(writeMessage(message), port);
  }

  sendRaw(bytes: string | Buffer, port = this.#edgePort): void {
    this.#sending = this.#sending.then(this.#settled).then(() => this.#socket.send(bytes, port, '127.0.0.1'));
  }

  /** The next message after those already taken that is one of these; others are skipped. @throws after 5 s */
  async next(what: (message: SipMessage) => boolean): Promise<SipMessage> {
    const deadline = Date.now() + 5_000;
    for (;;) {
      while (this.#taken < this.received.length) {
        const message = this.received[this.#taken++] as SipMessage;
        if (what(message)) return message;
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`did not come; got: ${this.received.map(nameOf).join(', ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async request(method: string): Promise<SipRequest> {
    return (await this.next((message) => message.kind === 'request' && message.method === method)) as SipRequest;
  }

  async response(status: number, method?: string): Promise<SipResponse> {
    return (await this.next(
      (message) => message.kind === 'response' && message.status === status && (!method || cseqOf(message.headers)?.method === method),
    )) as SipResponse;
  }

  /** How many of these came, those already taken included. */
  count(name: string): number {
    return this.received.filter((message) => nameOf(message) === name).length;
  }

  newRequest(
    method: string,
    options: {
      readonly callId?: string;
      readonly seq?: number;
      readonly lines?: Lines;
      readonly body?: string;
      readonly user?: string;
    } = {},
  ): SipRequest {
    const request = createRequest(method, `sip:${options.user ?? 'queue'}@127.0.0.1:${this.#edgePort}`, [
      ['Via', this.via()],
      ['Max-Forwards', '70'],
      ['From', `"Peer" <sip:peer@127.0.0.1:${this.port}>;tag=${randomText()}`],
      ['To', `<sip:${options.user ?? 'queue'}@127.0.0.1:${this.#edgePort}>`],
      ['Call-ID', options.callId ?? randomText()],
      ['CSeq', `${options.seq ?? 1} ${method}`],
      ['Contact', this.contact],
      ...(options.lines ?? []),
    ]);
    return withBody(request, options.body);
  }

  via(): string {
    return `SIP/2.0/UDP 127.0.0.1:${this.port};rport;branch=z9hG4bK${randomText()}`;
  }

  /** Sends an INVITE with a session description. */
  invite(options: { readonly lines?: Lines; readonly body?: string; readonly callId?: string } = {}): SipRequest {
    const invite = this.newRequest('INVITE', { body: SDP, ...options });
    this.send(invite);
    return invite;
  }

  /** Sends ACK for a 2xx. */
  ack({ invite, answer }: PeerCall, options: { readonly seq?: number; readonly body?: string } = {}): void {
    this.send(withBody(this.inCall({ invite, answer }, 'ACK', { seq: options.seq ?? cseqOf(invite.headers)?.number ?? 1 }), options.body));
  }

  /** ACK of a failure: in the transaction of the INVITE. */
  ackFailure(invite: SipRequest, response: SipResponse): void {
    const headers: [string, string][] = [];
    for (const name of ['Via', 'From', 'Call-ID']) headers.push([name, invite.headers.get(name) ?? '']);
    this.send(createRequest('ACK', invite.uri, [...headers, ['To', response.headers.get('to') ?? ''], ['CSeq', '1 ACK']]));
  }

  cancel(invite: SipRequest): void {
    const headers = ['Via', 'From', 'To', 'Call-ID'].map((name): [string, string] => [name, invite.headers.get(name) ?? '']);
    this.send(createRequest('CANCEL', invite.uri, [...headers, ['CSeq', `${cseqOf(invite.headers)?.number} CANCEL`]]));
  }

  /** A request of the caller's side inside the call; not sent yet. */
  inCall(
    { invite, answer }: PeerCall,
    method: string,
    options: { readonly seq: number; readonly lines?: Lines; readonly body?: string },
  ): SipRequest {
    const target = parseNameAddr(answer.headers.get('contact') ?? '')?.uri ?? invite.uri;
    const request = createRequest(method, target, [
      ['Via', this.via()],
      ...answer.headers
        .all('record-route')
        .toReversed()
        .map((route): [string, string] => ['Route', route]),
      ['Max-Forwards', '70'],
      ['From', invite.headers.get('from') ?? ''],
      ['To', answer.headers.get('to') ?? ''],
      ['Call-ID', invite.headers.get('call-id') ?? ''],
      ['CSeq', `${options.seq} ${method}`],
      ['Contact', this.contact],
      ...(options.lines ?? []),
    ]);
    return withBody(request, options.body);
  }

  /** A request of the called side inside the call it answered with this tag. */
  inAnsweredCall(
    invite: SipRequest,
    tag: string,
    method: string,
    options: { readonly seq: number; readonly lines?: Lines; readonly body?: string },
  ): SipRequest {
    const target = parseNameAddr(invite.headers.get('contact') ?? '')?.uri ?? '';
    const request = createRequest(method, target, [
      ['Via', this.via()],
      ['Max-Forwards', '70'],
      ['From', `${invite.headers.get('to')};tag=${tag}`],
      ['To', invite.headers.get('from') ?? ''],
      ['Call-ID', invite.headers.get('call-id') ?? ''],
      ['CSeq', `${options.seq} ${method}`],
      ['Contact', this.contact],
      ...(options.lines ?? []),
    ]);
    return withBody(request, options.body);
  }

  reply(request: SipRequest, status: number, { tag, body, contact = this.contact, lines = [] }: ReplyOptions = {}): SipResponse {
    const response = createResponse(request, status, tag === undefined ? {} : { toTag: tag });
    for (const route of request.headers.all('record-route').toReversed()) response.headers.prepend('Record-Route', route);
    if (contact !== '') response.headers.set('Contact', contact);
    for (const [name, value] of lines) response.headers.append(name, value);
    if (body !== undefined) {
      response.headers.set('Content-Type', 'application/sdp');
      response.body = Buffer.from(body);
    }
    this.send(response);
    return response;
  }
}

export function nameOf(message: SipMessage): string {
  return message.kind === 'request' ? message.method : `${message.status} ${cseqOf(message.headers)?.method}`;
}

export function toTag(message: SipMessage): string {
  return tagOf(message.headers.get('to') ?? '') ?? '';
}

function withBody(request: SipRequest, body: string | undefined): SipRequest {
  if (body === undefined) return request;
  request.headers.set('Content-Type', 'application/sdp');
  request.body = Buffer.from(body);
  return request;
}
