/**
 * The transaction layer (RFC 3261 17): finds the transaction of each message, makes new ones, and hands up each request and response once. Created by the
 * edge's start over Transports. CANCEL is answered here (200, or 481 when there is nothing to cancel); the 487 is the user's.
 */
import type { SipMessage, SipRequest, SipResponse } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { createResponse, writeMessage } from './messageWrite.ts';
import { randomText } from './randomText.ts';
import { Afterlife } from './transactionAfterlife.ts';
import { type AnyClient, type ClientHost, InviteClient, NonInviteClient } from './transactionClient.ts';
import { clientKey, createBranch, serverKey } from './transactionMatch.ts';
import { type AnyServer, InviteServer, localTagOf, NonInviteServer, type ServerHost } from './transactionServer.ts';
import type { ClientTransaction, Clock, Destination, Flow, ServerTransaction, SipTimers, Transactions, Transports } from './types.ts';
import { hostText } from './uri.ts';
import { parseVia } from './via.ts';

/** Some hundred bytes each; 800 calls a second with four requests. */
const MOST_REMAINS = 100_000;

export interface TransactionOptions {
  readonly transports: Transports;
  readonly clock: Clock;
  readonly timers: SipTimers;
}

export function createTransactions(options: TransactionOptions): Transactions {
  return new TransactionLayer(options);
}

class TransactionLayer implements Transactions {
  readonly #transports: Transports;
  readonly #servers = new Map<string, AnyServer>();
  readonly #afterlife: Afterlife;
  readonly #clients = new Map<string, AnyClient>();
  readonly #onRequest: ((transaction: ServerTransaction) => void)[] = [];
  readonly #onAck: ((ack: SipRequest, flow: Flow) => void)[] = [];
  readonly #onStray: ((response: SipResponse, flow: Flow) => void)[] = [];
  readonly #serverHost: ServerHost;
  readonly #clientHost: ClientHost;
  #isClosed = false;

  constructor({ transports, clock, timers }: TransactionOptions) {
    this.#transports = transports;
    this.#afterlife = new Afterlife(clock, 64 * timers.t1, MOST_REMAINS);
    this.#serverHost = {
      clock,
      timers,
      forget: (server) => void this.#servers.delete(server.key),
      retire: (server, answer, back) => {
        this.#servers.delete(server.key);
        if (!server.flow.isReliable) this.#afterlife.add(server.key, answer, back);
      },
      reopen: (request, flow) => transports.answeringAgain(request, flow),
    };
    this.#clientHost = {
      clock,
      timers,
      forget: (client) => void this.#clients.delete(clientKey(client.branch, client.request.method)),
      sendCancel: (cancel, branch, flow) => void this.#start(cancel, branch, flow),
    };
    transports.onMessage((message, flow) => this.#receive(message, flow));
    transports.onFlowClosed((flow) => this.#flowClosed(flow));
  }

  get counts(): { server: number; client: number } {
    return { server: this.#servers.size + this.#afterlife.size, client: this.#clients.size };
  }

  onRequest(listener: (transaction: ServerTransaction) => void): void {
    this.#onRequest.push(listener);
  }

  onAck(listener: (ack: SipRequest, flow: Flow) => void): void {
    this.#onAck.push(listener);
  }

  onStrayResponse(listener: (response: SipResponse, flow: Flow) => void): void {
    this.#onStray.push(listener);
  }

  async send(request: SipRequest, destination: Destination): Promise<ClientTransaction> {
    const flow = await this.#transports.flowTo(destination);
    const branch = createBranch(randomText());
    request.headers.prepend('Via', viaOf(flow, branch));
    return this.#start(request, branch, flow);
  }

  async sendStateless(message: SipRequest, destination: Destination): Promise<void> {
    const flow = await this.#transports.flowTo(destination);
    message.headers.prepend('Via', viaOf(flow, createBranch(randomText())));
    await flow.send(writeMessage(message));
  }

  close(_reason: string): void {
    this.#isClosed = true;
    for (const server of [...this.#servers.values()]) server.close('transport');
    for (const client of [...this.#clients.values()]) client.close('transport');
    this.#afterlife.close();
  }

  #start(request: SipRequest, branch: string, flow: Flow): AnyClient {
    const make = request.method === 'INVITE' ? InviteClient : NonInviteClient;
    const client = new make(request, branch, flow, this.#clientHost);
    this.#clients.set(clientKey(branch, request.method), client);
    return client;
  }

  #receive(message: SipMessage, flow: Flow): void {
    if (this.#isClosed) return;
    if (message.kind === 'response') this.#receiveResponse(message, flow);
    else this.#receiveRequest(message, flow);
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    const branch = parseVia(response.headers.get('via') ?? '')?.params.get('branch');
    const method = cseqOf(response.headers)?.method;
    if (branch === undefined || method === undefined) return;
    const client = this.#clients.get(clientKey(branch, method));
    if (client) client.receive(response);
    else if (method === 'INVITE' && response.status >= 200 && response.status < 300) this.#stray(response, flow);
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    const key = serverKey(request);
    const known = this.#servers.get(key);
    if (request.method === 'ACK') {
      if (known instanceof InviteServer) known.receiveAck();
      else for (const listener of this.#onAck) listener(request, flow);
      return;
    }
    if (known) return known.receiveAgain();
    if (this.#afterlife.receiveAgain(key)) return;
    if (request.method === 'CANCEL') return this.#receiveCancel(request, key, flow);
    const make = request.method === 'INVITE' ? InviteServer : NonInviteServer;
    this.#offer(this.#serve(new make(key, request, flow, this.#transports.answering(request, flow), this.#serverHost)));
  }

  #receiveCancel(cancel: SipRequest, key: string, flow: Flow): void {
    const own = this.#serve(new NonInviteServer(key, cancel, flow, this.#transports.answering(cancel, flow), this.#serverHost));
    const inviteKey = serverKey(cancel, 'INVITE');
    const invite = this.#servers.get(inviteKey);
    // After a final response it has no effect, and is answered all the same (9.2).
    const isKnown = invite !== undefined || this.#afterlife.has(inviteKey);
    own.respond(createResponse(cancel, isKnown ? 200 : 481, { toTag: invite ? localTagOf(invite) : randomText() }));
    if (invite instanceof InviteServer) invite.receiveCancel(cancel);
  }

  #serve<Server extends AnyServer>(server: Server): Server {
    this.#servers.set(server.key, server);
    return server;
  }

  #offer(server: AnyServer): void {
    for (const listener of this.#onRequest) listener(server);
  }

  #stray(response: SipResponse, flow: Flow): void {
    for (const listener of this.#onStray) listener(response, flow);
  }

  /** What waits for a response on a connection that is gone waits in vain (RFC 3261 18.4). */
  #flowClosed(flow: Flow): void {
    for (const client of [...this.#clients.values()]) if (client.flow === flow) client.close('transport');
  }
}

function viaOf({ protocol, advertised }: Flow, branch: string): string {
  const rport = protocol === 'udp' ? ';rport' : '';
  return `SIP/2.0/${protocol.toUpperCase()} ${hostText(advertised.host)}:${advertised.port}${rport};branch=${branch}`;
}
