/**
 * Proxying (RFC 3261 16): starts what applications proxy, and forwards, without asking them, the later requests of calls that have our Record-Route. Only those:
 * the Record-Route bears a proof that this edge has made it for that call, so nobody can use us as a relay. Created by `createEdge`.
 */
import { createHmac } from 'node:crypto';
import type { Application } from './application.ts';
import type { AppMessage } from './appMessage.ts';
import { type Core, tellCdr } from './core.ts';
import type { Inbound } from './inbound.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { cloneRequest, writeMessage } from './messageWrite.ts';
import { parseNameAddr } from './nameAddr.ts';
import { destinationOf, hostPort, routeUri } from './nextHop.ts';
import { forwardsLeft, ProxiedRequest } from './proxiedRequest.ts';
import { ProxyBranch, withoutOurVia } from './proxyBranch.ts';
import { refusal } from './replies.ts';
import type { Destination, Flow, ServerTransaction } from './types.ts';
import { parseUri, type SipUri } from './uri.ts';
import { parseVia } from './via.ts';
import type { ProxyCommand } from './wireCommand.ts';
import { refusedFrame } from './wireText.ts';

const PROOF = 'proof';
const NO_LIMITS = { provisionalMs: undefined, finalMs: undefined };

export class SipProxy {
  readonly #core: Core;
  readonly #inbound: Inbound;
  readonly #key: Buffer;
  /** Where 2xx responses that come again go back, by the branch of our Via. */
  readonly #waysBack = new Map<string, ServerTransaction>();

  /** `secret`: the same after a restart, so that calls which are up go on. */
  constructor(core: Core, inbound: Inbound, secret: string) {
    this.#core = core;
    this.#inbound = inbound;
    this.#key = createHmac('sha256', secret).update('record-route').digest();
    core.transactions.onStrayResponse((response) => this.#passBackStray(response));
  }

  /** An application proxies a request it was told of. */
  take(application: Application, command: ProxyCommand, message: AppMessage): void {
    const refuse = (why: string): void => application.write(refusedFrame(command.id, why));
    const incoming = this.#inbound.find(command.transactionId);
    if (!incoming || incoming.isInDialog || incoming.dialog) return refuse('Response not sent due to unknown transaction');
    const { transaction, request } = incoming;
    if (!command.targets.some((target) => destinationOf(routeUri(target)))) return refuse('invalid destination');
    this.#inbound.forget(incoming);
    if (forwardsLeft(request) < 0) {
      transaction.respond(refusal(request, 483));
      return refuse('too many hops');
    }
    const recordRoute = command.staysInDialog ? this.#recordRoute(request, transaction.flow) : undefined;
    const proxied = new ProxiedRequest(this.#core, {
      application,
      command,
      message,
      transaction,
      recordRoute,
      passBack: (response) => this.#sendBack(transaction, response),
      onBranch: (branch) => this.#remember(branch, transaction),
    });
    proxied.start();
  }

  /** A request whose topmost Route is ours, with our proof. @returns whether it was one, and is forwarded or refused now */
  forward(transaction: ServerTransaction): boolean {
    const { request } = transaction;
    const next = this.#withoutOurRoute(request);
    if (!next) return false;
    if (forwardsLeft(request) < 0 || !next.destination) {
      transaction.respond(refusal(request, next.destination ? 483 : 404));
      return true;
    }
    const respond = (response: SipResponse): void => {
      if (!transaction.isCompleted) transaction.respond(response);
    };
    const branch = new ProxyBranch(this.#core, request, next.request, NO_LIMITS, {
      onProvisional: respond,
      onFinal: (response, flow) => {
        respond(response);
        if (flow && request.method === 'BYE' && response.status < 300) tellCdr(this.#core, 'stop', 'network', 'normal-release', request);
      },
    });
    transaction.onCancel(() => branch.cancel());
    this.#remember(branch, transaction);
    const target = this.#core.redirect(next.destination);
    void branch.send(async () => [target]);
    return true;
  }

  forwardAck(ack: SipRequest): boolean {
    const next = this.#withoutOurRoute(ack);
    if (!next?.destination || forwardsLeft(ack) < 0) return false;
    this.#core.transactions.sendStateless(next.request, this.#core.redirect(next.destination)).catch((error: unknown) => {
      this.#core.log.debug({ err: error }, 'proxy.unsent');
    });
    return true;
  }

  #recordRoute(request: SipRequest, { protocol, advertised }: Flow): string {
    const transport = protocol === 'udp' ? '' : `;transport=${protocol === 'wss' ? 'ws' : protocol}`;
    return `<sip:${hostPort(advertised)}${transport};lr;${PROOF}=${this.#proof(request)}>`;
  }

  #proof(request: SipRequest): string {
    return createHmac('sha256', this.#key)
      .update(request.headers.get('call-id') ?? '')
      .digest('hex')
      .slice(0, 32);
  }

  /** RFC 3261 16.4. @returns undefined when the topmost Route is not ours for this call */
  #withoutOurRoute(request: SipRequest): { request: SipRequest; destination: Destination | undefined } | undefined {
    const routes = request.headers.list('route');
    const uris = routes.map((route) => parseUri(parseNameAddr(route)?.uri ?? ''));
    if (!uris[0] || !this.#isOurs(uris[0], request)) return undefined;
    let ours = 1;
    // Where both sides of us have different transports our Record-Route may stand twice.
    for (let at = uris[ours]; at && this.#isOurs(at, request); at = uris[ours]) ours++;
    const forwarded = cloneRequest(request);
    forwarded.headers.remove('Route');
    for (const route of routes.slice(ours)) forwarded.headers.append('Route', route);
    forwarded.headers.set('Max-Forwards', String(forwardsLeft(request)));
    const nextUri = routes[ours] === undefined ? request.uri : (parseNameAddr(routes[ours] as string)?.uri ?? '');
    return { request: forwarded, destination: destinationOf(nextUri) };
  }

  #isOurs(uri: SipUri, request: SipRequest): boolean {
    return uri.params.get(PROOF) === this.#proof(request);
  }

  #remember(branch: ProxyBranch, transaction: ServerTransaction): void {
    if (branch.request.method !== 'INVITE') return;
    const { clock, timers } = this.#core;
    branch.onSent = () => {
      const key = parseVia(branch.request.headers.get('via') ?? '')?.params.get('branch');
      if (key === undefined) return;
      this.#waysBack.set(key, transaction);
      transaction.onEnded(() => clock.setTimeout(() => this.#waysBack.delete(key), 64 * timers.t1));
    };
  }

  #passBackStray(response: SipResponse): void {
    const key = parseVia(response.headers.get('via') ?? '')?.params.get('branch');
    const transaction = key === undefined ? undefined : this.#waysBack.get(key);
    if (transaction) this.#sendBack(transaction, withoutOurVia(response));
  }

  #sendBack({ request, flow }: ServerTransaction, response: SipResponse): void {
    this.#core.transports
      .answering(request, flow)
      .send(writeMessage(response))
      .catch((error: unknown) => this.#core.log.debug({ err: error }, 'proxy.unsent'));
  }
}
