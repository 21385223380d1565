/**
 * Client transactions (RFC 3261 17.1, RFC 6026). Created by Transactions.send; they repeat the request over UDP, acknowledge failures of INVITE, tell
 * each response once, and end by themselves, but for an INVITE that rings: how long that may last is its user's.
 */
import type { SipRequest, SipResponse } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { createRequest, writeMessage } from './messageWrite.ts';
import { randomText } from './randomText.ts';
import type { ClientTransaction, Clock, Flow, SipTimers } from './types.ts';

export type ClientEndReason = 'done' | 'timeout' | 'transport';

/** What a client transaction needs of the layer. */
export interface ClientHost {
  readonly clock: Clock;
  readonly timers: SipTimers;
  forget(transaction: AnyClient): void;
  /** Sends a CANCEL in a transaction of its own. */
  sendCancel(cancel: SipRequest, branch: string, flow: Flow): void;
}

export type AnyClient = InviteClient | NonInviteClient;

type InviteState = 'calling' | 'proceeding' | 'completed' | 'terminated';
type InviteEvent = 'provisional' | 'failure' | 'over';

/**
 * RFC 6026 figure 4; what is not listed changes nothing. Its state Accepted (M) needs none here: a 2xx without a transaction is handed up as stray, which is
 * what that state would do.
 */
const INVITE_NEXT: Readonly<Record<InviteState, Partial<Record<InviteEvent, InviteState>>>> = {
  calling: { provisional: 'proceeding', failure: 'completed', over: 'terminated' },
  proceeding: { failure: 'completed', over: 'terminated' },
  completed: { over: 'terminated' },
  terminated: {},
};

/** RFC 3261 figure 6 without Completed (K): a response without a transaction is dropped, which is what that state would do. */
type NonInviteState = 'trying' | 'proceeding' | 'terminated';

abstract class Client implements ClientTransaction {
  readonly id = randomText();
  readonly branch: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  protected readonly host: ClientHost;
  readonly #onResponse: ((response: SipResponse) => void)[] = [];
  readonly #onFailed: ((reason: 'timeout' | 'transport') => void)[] = [];
  #failed: 'timeout' | 'transport' | undefined;

  constructor(request: SipRequest, branch: string, flow: Flow, host: ClientHost) {
    this.request = request;
    this.branch = branch;
    this.flow = flow;
    this.host = host;
  }

  abstract receive(response: SipResponse): void;
  abstract cancel(headers?: readonly (readonly [string, string])[]): boolean;
  protected abstract readonly onSendFailed: () => void;

  onResponse(listener: (response: SipResponse) => void): void {
    this.#onResponse.push(listener);
  }

  /** Also for one that failed before anybody could listen. */
  onFailed(listener: (reason: 'timeout' | 'transport') => void): void {
    const failed = this.#failed;
    if (failed) queueMicrotask(() => listener(failed));
    else this.#onFailed.push(listener);
  }

  protected tell(response: SipResponse): void {
    for (const listener of this.#onResponse) listener(response);
  }

  protected tellFailed(reason: ClientEndReason): void {
    if (reason === 'done' || this.#failed) return;
    this.#failed = reason;
    for (const listener of this.#onFailed.splice(0)) listener(reason);
  }

  protected transmit(bytes: Buffer): void {
    this.flow.send(bytes).catch(this.onSendFailed);
  }
}

export class InviteClient extends Client {
  #state: InviteState = 'calling';
  /** The INVITE while it is repeated, then the ACK. */
  #bytes: Buffer;
  /** A. */
  #repeat: unknown;
  #repeatMs = 0;
  /** Ends the state: B or D; 64·T1 after a CANCEL went out. */
  #end: unknown;
  #cancel: SipRequest | 'sent' | undefined;

  constructor(request: SipRequest, branch: string, flow: Flow, host: ClientHost) {
    super(request, branch, flow, host);
    this.#bytes = writeMessage(request);
    this.#end = host.clock.setTimeout(this.#onTimeout, 64 * host.timers.t1);
    if (!flow.isReliable) this.#repeatAfter(host.timers.t1);
    this.transmit(this.#bytes);
  }

  receive(response: SipResponse): void {
    const isActive = this.#state === 'calling' || this.#state === 'proceeding';
    if (response.status < 200) {
      if (!isActive) return;
      if (this.#state === 'calling') this.#rings();
      return this.tell(response);
    }
    if (response.status < 300) {
      if (!isActive) return;
      this.close('done');
      return this.tell(response);
    }
    // The ACK was lost: once more, whatever the user does.
    if (this.#state === 'completed') return this.transmit(this.#bytes);
    if (!isActive) return;
    this.#bytes = writeMessage(this.#ackOf(response));
    this.transmit(this.#bytes);
    if (this.flow.isReliable) this.close('done');
    else this.#absorb();
    this.tell(response);
  }

  cancel(headers: readonly (readonly [string, string])[] = []): boolean {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return false;
    if (this.#cancel) return true;
    this.#cancel = this.#derived('CANCEL', this.request.headers.get('to') ?? '');
    for (const [name, value] of headers) this.#cancel.headers.append(name, value);
    if (this.#state === 'proceeding') this.#sendCancel();
    return true;
  }

  close(reason: ClientEndReason): void {
    this.#clear();
    const wasActive = this.#state === 'calling' || this.#state === 'proceeding';
    this.#enter('over');
    this.host.forget(this);
    if (wasActive) this.tellFailed(reason);
  }

  /** A provisional response: no more repetition, and a CANCEL that waited for it goes (RFC 3261 9.1). */
  #rings(): void {
    this.#enter('provisional');
    this.#clear();
    if (this.#cancel) this.#sendCancel();
  }

  #sendCancel(): void {
    if (!this.#cancel || this.#cancel === 'sent') return;
    this.host.sendCancel(this.#cancel, this.branch, this.flow);
    this.#cancel = 'sent';
    // A far end of RFC 2543 sends no 487 (9.1).
    this.#end = this.host.clock.setTimeout(this.#onTimeout, 64 * this.host.timers.t1);
  }

  /** The far end repeats its failure until the ACK arrives. */
  #absorb(): void {
    this.#clear();
    this.#enter('failure');
    this.#end = this.host.clock.setTimeout(this.#onOver, 64 * this.host.timers.t1);
  }

  /** RFC 3261 17.1.1.3. */
  #ackOf(response: SipResponse): SipRequest {
    return this.#derived('ACK', response.headers.get('to') ?? '');
  }

  /** ACK and CANCEL: the INVITE's topmost Via, Request-URI, From, Call-ID, number and Route. */
  #derived(method: 'ACK' | 'CANCEL', to: string): SipRequest {
    const { headers, uri } = this.request;
    const derived = createRequest(method, uri, [
      ['Via', headers.list('via')[0] ?? ''],
      ...headers.all('route').map((route): [string, string] => ['Route', route]),
      ['Max-Forwards', '70'],
      ['From', headers.get('from') ?? ''],
      ['To', to],
      ['Call-ID', headers.get('call-id') ?? ''],
      ['CSeq', `${cseqOf(headers)?.number ?? 0} ${method}`],
    ]);
    return derived;
  }

  #enter(event: InviteEvent): void {
    this.#state = INVITE_NEXT[this.#state][event] ?? this.#state;
  }

  #repeatAfter(ms: number): void {
    this.#repeatMs = ms;
    this.#repeat = this.host.clock.setTimeout(this.#onRepeat, ms);
  }

  readonly #onRepeat = (): void => {
    this.transmit(this.#bytes);
    this.#repeatAfter(2 * this.#repeatMs);
  };

  readonly #onTimeout = (): void => this.close('timeout');
  readonly #onOver = (): void => this.close('done');
  protected readonly onSendFailed = (): void => {
    if (this.#state !== 'terminated') this.close('transport');
  };

  #clear(): void {
    this.host.clock.clearTimeout(this.#end);
    this.host.clock.clearTimeout(this.#repeat);
  }
}

export class NonInviteClient extends Client {
  #state: NonInviteState = 'trying';
  readonly #bytes: Buffer;
  /** E. */
  #repeat: unknown;
  #repeatMs = 0;
  /** F. */
  #end: unknown;

  constructor(request: SipRequest, branch: string, flow: Flow, host: ClientHost) {
    super(request, branch, flow, host);
    this.#bytes = writeMessage(request);
    this.#end = host.clock.setTimeout(this.#onTimeout, 64 * host.timers.t1);
    if (!flow.isReliable) this.#repeatAfter(host.timers.t1);
    this.transmit(this.#bytes);
  }

  receive(response: SipResponse): void {
    if (this.#state === 'terminated') return;
    if (response.status < 200) this.#state = 'proceeding';
    else this.close('done');
    this.tell(response);
  }

  /** Only an INVITE can be cancelled (RFC 3261 9.1). */
  cancel(): boolean {
    return false;
  }

  close(reason: ClientEndReason): void {
    this.#clear();
    this.#state = 'terminated';
    this.host.forget(this);
    this.tellFailed(reason);
  }

  #repeatAfter(ms: number): void {
    this.#repeatMs = ms;
    this.#repeat = this.host.clock.setTimeout(this.#onRepeat, ms);
  }

  readonly #onRepeat = (): void => {
    this.transmit(this.#bytes);
    // Once it was heard, every T2 (17.1.2.2).
    this.#repeatAfter(this.#state === 'proceeding' ? this.host.timers.t2 : Math.min(2 * this.#repeatMs, this.host.timers.t2));
  };

  readonly #onTimeout = (): void => this.close('timeout');
  protected readonly onSendFailed = (): void => {
    if (this.#state !== 'terminated') this.close('transport');
  };

  #clear(): void {
    this.host.clock.clearTimeout(this.#end);
    this.host.clock.clearTimeout(this.#repeat);
  }
}
