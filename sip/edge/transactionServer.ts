/**
 * Server transactions (RFC 3261 17.2, RFC 6026). Created by Transactions for each new request; they repeat responses, absorb what comes again, and
 * end by themselves: each state but an INVITE that rings has a timer.
 */
import type { SipRequest, SipResponse } from './message.ts';
import { createResponse, writeMessage } from './messageWrite.ts';
import { tagOf } from './nameAddr.ts';
import { randomText } from './randomText.ts';
import type { Clock, Flow, ServerTransaction, SipTimers } from './types.ts';

export type ServerEndReason = 'done' | 'timeout' | 'transport';

/** What a server transaction needs of the layer. */
export interface ServerHost {
  readonly clock: Clock;
  readonly timers: SipTimers;
  /** Takes the transaction out of the table. */
  forget(transaction: AnyServer): void;
  /** The same, but what comes again is absorbed for 64·T1 (J, L), and answered if there is an answer. */
  retire(transaction: AnyServer, answer: Buffer | undefined, back: Flow): void;
  /** A new way back, when the connection is closed. */
  reopen(request: SipRequest, flow: Flow): Promise<Flow>;
}

export type AnyServer = InviteServer | NonInviteServer;

/** A response that came too late: the transaction has its final, or is over. */
export class TransactionError extends Error {
  override name = 'TransactionError';
}

type InviteState = 'proceeding' | 'completed' | 'confirmed' | 'terminated';
type InviteEvent = 'failure' | 'ack' | 'over';

/** RFC 6026 figure 5; what is not listed changes nothing. Its state Accepted is the afterlife: a 2xx leaves nothing to do but to absorb. */
const INVITE_NEXT: Readonly<Record<InviteState, Partial<Record<InviteEvent, InviteState>>>> = {
  proceeding: { failure: 'completed', over: 'terminated' },
  completed: { ack: 'confirmed', over: 'terminated' },
  confirmed: { over: 'terminated' },
  terminated: {},
};

/** What both kinds share: the way back, the last response, and who wants to know of the end. */
abstract class Server implements ServerTransaction {
  readonly id = randomText();
  readonly key: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  lastResponse: SipResponse | undefined;
  protected readonly host: ServerHost;
  /** The way of responses: not that of the request when its UDP port is not where answers go. */
  protected back: Flow;
  protected lastBytes: Buffer | undefined;
  protected readonly onCancelled: ((cancel: SipRequest) => void)[] = [];
  readonly #onEnded: ((reason: ServerEndReason) => void)[] = [];
  #ended: ServerEndReason | undefined;

  constructor(key: string, request: SipRequest, flow: Flow, back: Flow, host: ServerHost) {
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.back = back;
    this.host = host;
  }

  abstract readonly isCompleted: boolean;
  abstract respond(response: SipResponse): void;

  onCancel(listener: (cancel: SipRequest) => void): void {
    this.onCancelled.push(listener);
  }

  onEnded(listener: (reason: ServerEndReason) => void): void {
    const ended = this.#ended;
    if (ended) queueMicrotask(() => listener(ended));
    else this.#onEnded.push(listener);
  }

  /** Tells the user, once. The transaction may live on to absorb what comes again. */
  protected tellEnded(reason: ServerEndReason): void {
    if (this.#ended) return;
    this.#ended = reason;
    for (const listener of this.#onEnded.splice(0)) listener(reason);
  }

  protected transmit(bytes: Buffer | undefined): void {
    if (!bytes) return;
    if (this.back.isClosed && this.back.isReliable) this.#sendAgain(bytes).catch(this.onSendFailed);
    else this.back.send(bytes).catch(this.onSendFailed);
  }

  async #sendAgain(bytes: Buffer): Promise<void> {
    this.back = await this.host.reopen(this.request, this.flow);
    await this.back.send(bytes);
  }

  protected abstract readonly onSendFailed: () => void;
}

export class InviteServer extends Server {
  #state: InviteState = 'proceeding';
  /** Repeats a failure over UDP (G). */
  #repeat: unknown;
  #repeatMs = 0;
  /** Ends the state: H or I; before any response of the user 64 s. */
  #end: unknown;

  constructor(key: string, request: SipRequest, flow: Flow, back: Flow, host: ServerHost) {
    super(key, request, flow, back, host);
    this.#end = host.clock.setTimeout(this.#onUnanswered, 128 * host.timers.t1);
    // At once and not after 200 ms: it ends the far end's repetitions.
    this.lastBytes = writeMessage(createResponse(request, 100));
    this.transmit(this.lastBytes);
  }

  get isCompleted(): boolean {
    return this.#state !== 'proceeding';
  }

  respond(response: SipResponse): void {
    if (this.#state !== 'proceeding') throw new TransactionError('the INVITE has its final response, or is over');
    const bytes = writeMessage(response);
    const { clock, timers } = this.host;
    this.lastResponse = response;
    this.lastBytes = bytes;
    clock.clearTimeout(this.#end);
    this.transmit(bytes);
    if (response.status >= 300) {
      this.#enter('failure');
      this.#end = clock.setTimeout(this.#onNoAck, 64 * timers.t1);
      if (!this.flow.isReliable) this.#repeatAfter(timers.t1);
    } else if (response.status >= 200) {
      this.#enter('over');
      this.host.retire(this, undefined, this.back);
      this.tellEnded('done');
    }
  }

  /** The same INVITE again. */
  receiveAgain(): void {
    if (this.#state === 'proceeding' || this.#state === 'completed') this.transmit(this.lastBytes);
  }

  /** Of a failure: that of a 2xx finds no transaction. One that comes too early or again is absorbed. */
  receiveAck(): void {
    if (this.#state !== 'completed') return;
    this.#enter('ack');
    this.#clear();
    if (this.flow.isReliable) this.#onOver();
    else this.#end = this.host.clock.setTimeout(this.#onOver, this.host.timers.t4);
    this.tellEnded('done');
  }

  /** A CANCEL that matches. It has no effect after a final response (RFC 3261 9.2). */
  receiveCancel(cancel: SipRequest): void {
    if (this.#state === 'proceeding') for (const listener of this.onCancelled) listener(cancel);
  }

  close(reason: ServerEndReason): void {
    this.#clear();
    this.#enter('over');
    this.host.forget(this);
    this.tellEnded(reason);
  }

  #enter(event: InviteEvent): void {
    this.#state = INVITE_NEXT[this.#state][event] ?? this.#state;
  }

  #repeatAfter(ms: number): void {
    this.#repeatMs = ms;
    this.#repeat = this.host.clock.setTimeout(this.#onRepeat, ms);
  }

  readonly #onRepeat = (): void => {
    this.transmit(this.lastBytes);
    this.#repeatAfter(Math.min(2 * this.#repeatMs, this.host.timers.t2));
  };

  readonly #onUnanswered = (): void => this.close('timeout');
  readonly #onNoAck = (): void => this.close('timeout');
  readonly #onOver = (): void => this.close('done');
  protected readonly onSendFailed = (): void => {
    if (this.#state !== 'terminated') this.close('transport');
  };

  #clear(): void {
    this.host.clock.clearTimeout(this.#end);
    this.host.clock.clearTimeout(this.#repeat);
  }
}

/** RFC 3261 figure 8; what Completed does is the afterlife's. */
type NonInviteState = 'trying' | 'proceeding' | 'terminated';

export class NonInviteServer extends Server {
  #state: NonInviteState = 'trying';
  /** Ends it when nobody answers, after 64 s. */
  #end: unknown;

  constructor(key: string, request: SipRequest, flow: Flow, back: Flow, host: ServerHost) {
    super(key, request, flow, back, host);
    this.#end = host.clock.setTimeout(this.#onUnanswered, 128 * host.timers.t1);
  }

  get isCompleted(): boolean {
    return this.#state === 'terminated';
  }

  respond(response: SipResponse): void {
    if (this.isCompleted) throw new TransactionError('the request has its final response, or is over');
    const bytes = writeMessage(response);
    this.lastResponse = response;
    this.lastBytes = bytes;
    this.transmit(bytes);
    if (response.status < 200) {
      this.#state = 'proceeding';
      return;
    }
    this.#state = 'terminated';
    this.host.clock.clearTimeout(this.#end);
    this.host.retire(this, bytes, this.back);
    this.tellEnded('done');
  }

  /** The same request again: answered by what was said last, which may be nothing yet. */
  receiveAgain(): void {
    if (this.#state === 'proceeding') this.transmit(this.lastBytes);
  }

  close(reason: ServerEndReason): void {
    this.host.clock.clearTimeout(this.#end);
    this.#state = 'terminated';
    this.host.forget(this);
    this.tellEnded(reason);
  }

  readonly #onUnanswered = (): void => this.close('timeout');
  protected readonly onSendFailed = (): void => {
    if (this.#state !== 'terminated') this.close('transport');
  };
}

/** The To tag that the responses of a transaction carry, so that the 200 to its CANCEL has the same (RFC 3261 9.2). */
export function localTagOf(transaction: ServerTransaction): string {
  return tagOf(transaction.lastResponse?.headers.get('to') ?? '') ?? randomText();
}
