/**
 * One forwarded request of a proxied call (RFC 3261 16.6): its client transaction with the proxy's timers. Created by `ProxiedRequest` for each target it tries; tells
 * exactly one outcome.
 */
import type { Core } from './core.ts';
import type { SipRequest, SipResponse } from './message.ts';
import { createResponse } from './messageWrite.ts';
import { randomText } from './randomText.ts';
import { TransportError } from './transportError.ts';
import type { ClientTransaction, Destination, Flow } from './types.ts';

/** RFC 3261 16.6 step 11: an INVITE that rings for ever. */
const TIMER_C_MS = 181_000;

/** Responses are as they go upstream: without our Via (RFC 3261 16.7 step 3). */
export interface BranchEvents {
  readonly onProvisional: (response: SipResponse) => void;
  /** Once, but for a late 2xx; a response made here stands for one that did not come. `flow` is missing then. */
  readonly onFinal: (response: SipResponse, flow: Flow | undefined) => void;
}

export interface BranchLimits {
  /** To the first response of any kind. */
  readonly provisionalMs: number | undefined;
  readonly finalMs: number | undefined;
}

export class ProxyBranch {
  readonly request: SipRequest;
  /** Our Via stands on top from then on. */
  onSent: () => void = () => undefined;
  readonly #core: Core;
  readonly #received: SipRequest;
  readonly #events: BranchEvents;
  readonly #limits: BranchLimits;
  #transaction: ClientTransaction | undefined;
  #provisionalTimer: unknown;
  #finalTimer: unknown;
  #isOver = false;
  #isCancelled = false;

  /** `received`: as it came; `request`: as it is forwarded. */
  constructor(core: Core, received: SipRequest, request: SipRequest, limits: BranchLimits, events: BranchEvents) {
    this.#core = core;
    this.#received = received;
    this.request = request;
    this.#limits = limits;
    this.#events = events;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** To the first of them that a way leads to. */
  async send(targets: () => Promise<readonly Destination[]>): Promise<void> {
    const { clock, counts } = this.#core;
    const { provisionalMs, finalMs } = this.#limits;
    if (provisionalMs !== undefined) this.#provisionalTimer = clock.setTimeout(() => this.#giveUp(408), provisionalMs);
    this.#restartFinal(finalMs ?? (this.request.method === 'INVITE' ? TIMER_C_MS : undefined));
    try {
      counts.requestsOut++;
      const transaction = await this.#sendToFirst(await targets());
      this.#transaction = transaction;
      this.onSent();
      transaction.onResponse((response) => this.#take(withoutOurVia(response), transaction.flow));
      transaction.onFailed((reason) => this.#end(this.#made(reason === 'timeout' ? 408 : 503), undefined));
      if (this.#isCancelled) transaction.cancel();
    } catch (error) {
      this.#core.log.debug({ err: error }, 'proxy.unsent');
      this.#end(this.#made(503), undefined);
    }
  }

  async #sendToFirst(targets: readonly Destination[]): Promise<ClientTransaction> {
    let failure: unknown = new TransportError('dns', 'it has no address');
    for (const target of targets) {
      try {
        return await this.#core.transactions.send(this.request, target);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Its final response, 487 as a rule, still comes. */
  cancel(): void {
    if (this.#isCancelled || this.#isOver) return;
    this.#isCancelled = true;
    this.#transaction?.cancel();
  }

  #take(response: SipResponse, flow: Flow): void {
    this.#core.clock.clearTimeout(this.#provisionalTimer);
    if (response.status >= 200) return this.#end(response, flow);
    if (response.status === 100) return;
    if (this.#limits.finalMs === undefined && this.request.method === 'INVITE') this.#restartFinal(TIMER_C_MS);
    this.#events.onProvisional(response);
  }

  #restartFinal(ms: number | undefined): void {
    this.#core.clock.clearTimeout(this.#finalTimer);
    if (ms !== undefined) this.#finalTimer = this.#core.clock.setTimeout(() => this.#giveUp(408), ms);
  }

  /** It took too long: it counts as failed now; should a 2xx come all the same, it is passed on as a stray one. */
  #giveUp(status: number): void {
    this.cancel();
    this.#end(this.#made(status), undefined);
  }

  #end(response: SipResponse, flow: Flow | undefined): void {
    if (this.#isOver) {
      // Given up already, and answered after all.
      if (response.status >= 200 && response.status < 300) this.#events.onFinal(response, flow);
      return;
    }
    this.#isOver = true;
    this.#core.clock.clearTimeout(this.#provisionalTimer);
    this.#core.clock.clearTimeout(this.#finalTimer);
    this.#events.onFinal(response, flow);
  }

  #made(status: number): SipResponse {
    return createResponse(this.#received, status, { toTag: randomText() });
  }
}

export function withoutOurVia(response: SipResponse): SipResponse {
  const headers = response.headers.clone();
  const [, ...others] = response.headers.list('via');
  headers.remove('Via');
  for (const via of others.toReversed()) headers.prepend('Via', via);
  return { ...response, headers };
}
