/**
 * A request that an application has proxied (`srf.proxyRequest`; WIRE §6, RFC 3261 16): forwarded to its targets one after the other or all at once, the best of their
 * answers given back. Created by `Proxy`; from then on the application only hears what became of it.
 */
import type { Application } from './application.ts';
import { type AppMessage, applyHeaders } from './appMessage.ts';
import { type Core, passage, tellCdr } from './core.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { cloneRequest, createResponse } from './messageWrite.ts';
import { parseNameAddr } from './nameAddr.ts';
import { destinationOf, routeUri, targetsOf } from './nextHop.ts';
import { type BranchLimits, ProxyBranch } from './proxyBranch.ts';
import { randomText } from './randomText.ts';
import type { Flow, ServerTransaction } from './types.ts';
import type { ProxyCommand } from './wireCommand.ts';
import { okFrame, proxiedFrame } from './wireText.ts';

const MAX_BRANCHES = 20;
/** Headers that say how a message goes, not what it is about. */
const OF_TRANSPORT: ReadonlySet<string> = new Set(['from', 'to', 'call-id', 'cseq', 'contact', 'max-forwards', 'content-type']);

export interface ProxiedRequestOptions {
  readonly application: Application;
  readonly command: ProxyCommand;
  /** Headers to add. */
  readonly message: AppMessage;
  readonly transaction: ServerTransaction;
  /** Ours, to stand in the way of the dialog's requests; undefined: not wanted. */
  readonly recordRoute: string | undefined;
  /** A 2xx after the first: it goes back past the transaction (RFC 3261 16.7 step 5). */
  readonly passBack: (response: SipResponse) => void;
  readonly onBranch: (branch: ProxyBranch) => void;
}

export class ProxiedRequest {
  readonly #core: Core;
  readonly #options: ProxiedRequestOptions;
  readonly #waiting: string[];
  readonly #tried = new Set<string>();
  readonly #branches: ProxyBranch[] = [];
  #best: SipResponse | undefined;
  #isAnswered = false;
  #isOver = false;

  constructor(core: Core, options: ProxiedRequestOptions) {
    this.#core = core;
    this.#options = options;
    this.#waiting = options.command.targets.map(routeUri);
    options.transaction.onCancel(() => this.#cancel());
  }

  start(): void {
    const count = this.#options.command.isSimultaneous ? this.#waiting.length : 1;
    for (let index = 0; index < count; index++) this.#tryNext();
    this.#settleIfDone();
  }

  /** @returns whether there was one */
  #tryNext(): boolean {
    const uri = this.#waiting.shift();
    if (uri === undefined) return false;
    const destination = destinationOf(uri);
    if (!destination || this.#tried.has(uri) || this.#branches.length >= MAX_BRANCHES) return this.#tryNext();
    this.#tried.add(uri);
    const { command, onBranch } = this.#options;
    const limits: BranchLimits = { provisionalMs: command.provisionalMs, finalMs: command.finalMs };
    const branch: ProxyBranch = new ProxyBranch(this.#core, this.#options.transaction.request, this.#forwarded(uri), limits, {
      onProvisional: (response) => this.#respond(response),
      onFinal: (response, flow) => this.#final(response, flow),
    });
    this.#branches.push(branch);
    onBranch(branch);
    if (branch.request.method === 'INVITE') tellCdr(this.#core, 'attempt', 'application', '', branch.request);
    void branch.send(() => targetsOf(uri, this.#core.redirect, this.#core.names));
    return true;
  }

  /** RFC 3261 16.6. */
  #forwarded(uri: string): SipRequest {
    const { transaction, message, recordRoute } = this.#options;
    const request = cloneRequest(transaction.request);
    request.uri = uri;
    request.headers.set('Max-Forwards', String(forwardsLeft(transaction.request)));
    if (recordRoute !== undefined) request.headers.prepend('Record-Route', recordRoute);
    applyHeaders(message, request.headers, transaction.flow.advertised, OF_TRANSPORT);
    return request;
  }

  #final(response: SipResponse, flow: Flow | undefined): void {
    const { command, application } = this.#options;
    const { status } = response;
    const where = flow ? passage(flow, response.size, this.#core.clock.now()) : undefined;
    application.write(
      proxiedFrame(command.id, where ?? { protocol: 'udp', address: '', port: 0, size: 0, at: this.#core.clock.now() }, response),
    );
    if (status >= 200 && status < 300) return this.#answered(response);
    if (status >= 300 && status < 400 && command.followsRedirects && !this.#isAnswered) this.#follow(response);
    else this.#note(response);
    if (status >= 600) this.#stopOthers();
    if (!this.#isAnswered && !command.isSimultaneous && status < 600) this.#tryNext();
    this.#settleIfDone();
  }

  #answered(response: SipResponse): void {
    const isFirst = !this.#isAnswered;
    this.#isAnswered = true;
    this.#stopOthers();
    if (!isFirst) this.#options.passBack(response);
    else {
      this.#respond(response);
      tellCdr(this.#core, 'start', 'network', 'proxy-uac', response);
      tellCdr(this.#core, 'start', 'application', 'proxy-uas', response);
    }
    this.#settleIfDone();
  }

  #follow(response: SipResponse): void {
    const contacts = response.headers.list('contact').flatMap((contact) => parseNameAddr(contact)?.uri ?? []);
    if (contacts.length === 0) return this.#note(response);
    this.#waiting.unshift(...contacts);
    if (this.#options.command.isSimultaneous) for (const _ of contacts) this.#tryNext();
  }

  /** RFC 3261 16.7 step 6: a 6xx above all, then the lowest class, and in it what tells the caller how to mend. */
  #note(response: SipResponse): void {
    const rank = ({ status }: SipResponse): number => {
      if (status >= 600) return 0;
      const helpful = status === 401 || status === 407 || status === 415 || status === 420 || status === 484 ? 0 : 0.5;
      return Math.floor(status / 100) + helpful;
    };
    if (!this.#best || rank(response) < rank(this.#best)) this.#best = response;
  }

  #stopOthers(): void {
    this.#waiting.length = 0;
    for (const branch of this.#branches) branch.cancel();
  }

  #cancel(): void {
    this.#stopOthers();
    const { transaction } = this.#options;
    if (this.#isAnswered || transaction.isCompleted) return;
    this.#isAnswered = true;
    transaction.respond(createResponse(transaction.request, 487, { toTag: randomText() }));
    tellCdr(this.#core, 'stop', 'network', 'call-canceled', transaction.request);
  }

  #settleIfDone(): void {
    if (this.#isOver || this.#waiting.length > 0 || this.#branches.some((branch) => !branch.isOver)) return;
    this.#isOver = true;
    const { transaction, application, command } = this.#options;
    if (!this.#isAnswered) {
      const best = this.#best ?? createResponse(transaction.request, 480, { toTag: randomText() });
      // RFC 3261 16.7 step 6: a 503 of one target is no word on all of ours.
      if (best.status === 503) best.status = 500;
      this.#respond(best);
      tellCdr(this.#core, 'stop', 'network', 'call-rejected', best);
    }
    application.write(okFrame(command.id, 'done'));
  }

  #respond(response: SipResponse): void {
    const { transaction } = this.#options;
    if (!transaction.isCompleted) transaction.respond(response);
  }
}

/** What is left of Max-Forwards after this hop; negative: it goes no further (RFC 3261 16.3). */
export function forwardsLeft(request: SipRequest): number {
  const value = Number(request.headers.get('max-forwards') ?? '70');
  return (Number.isInteger(value) ? value : 70) - 1;
}
