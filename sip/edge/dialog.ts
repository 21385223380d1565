/**
 * A dialog (RFC 3261 12): who the two sides are, where requests to the other one go, and in which order they come. Created by `inbound` (we answered)
 * and `outbound` (the other side answered); it sends nothing by itself.
 */
import { assertNever } from '../../src/base/errors.ts';
import type { Application } from './application.ts';
import type { SipHeaders, SipRequest, SipResponse } from './message.ts';
import { cseqOf } from './messageParse.ts';
import { createRequest } from './messageWrite.ts';
import { parseNameAddr, tagOf } from './nameAddr.ts';
import { destinationOf, destinationOfFlow } from './nextHop.ts';
import type { Destination, Flow } from './types.ts';
import { parseUri } from './uri.ts';

/**
 * early: only provisional responses yet. answered: a 2xx was sent or received, its ACK not. confirmed: acknowledged (a subscription is so at once).
 * ending: a BYE is on its way. ended: gone from the table.
 */
export type DialogState = 'early' | 'answered' | 'confirmed' | 'ending' | 'ended';

const NEXT: Readonly<Record<DialogState, readonly DialogState[]>> = {
  early: ['answered', 'confirmed', 'ending', 'ended'],
  answered: ['confirmed', 'ending', 'ended'],
  confirmed: ['ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

export type DialogUsage = 'invite' | 'subscribe';

export interface DialogSides {
  readonly role: 'uas' | 'uac';
  readonly usage: DialogUsage;
  /** The request that made it, and the response (for us as UAS: as we sent it). */
  readonly request: SipRequest;
  readonly response: SipResponse;
  readonly flow: Flow;
  readonly owner: Application | undefined;
  readonly at: number;
}

/** What applications call it: `<Call-ID>;from-tag=<tag of the first request's From>`. Forks of one request share it. */
export function wireDialogId(request: SipRequest): string {
  return `${request.headers.get('call-id') ?? ''};from-tag=${tagOf(request.headers.get('from') ?? '') ?? ''}`;
}

export class Dialog {
  readonly id: string;
  readonly role: 'uas' | 'uac';
  readonly usage: DialogUsage;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly since: number;
  /** The request that made it. */
  readonly request: SipRequest;
  /** The latest response to it; the 2xx once there is one. */
  response: SipResponse;
  /** Told of its requests; undefined while nobody carries it. */
  owner: Application | undefined;
  /** Where the last request or response of the other side came from. */
  flow: Flow;
  /** Bodies of ours and theirs as last agreed. */
  localSdp: Buffer;
  remoteSdp: Buffer;
  /** Methods the other side says it allows; undefined: it said nothing. */
  remoteAllow: ReadonlySet<string> | undefined;
  /** An INVITE of ours or theirs after the first has no final response yet (RFC 3261 14). */
  isInvitingLocally = false;
  isInvitingRemotely = false;
  readonly #localParty: string;
  readonly #remoteParty: string;
  #localSeq: number;
  #remoteSeq: number | undefined;
  #routeSet: readonly string[];
  #remoteTarget: string;
  #state: DialogState = 'early';

  constructor(sides: DialogSides) {
    const { role, request, response } = sides;
    const isUas = role === 'uas';
    const from = request.headers.get('from') ?? '';
    const to = response.headers.get('to') ?? '';
    this.id = wireDialogId(request);
    this.role = role;
    this.usage = sides.usage;
    this.callId = request.headers.get('call-id') ?? '';
    this.#localParty = isUas ? to : from;
    this.#remoteParty = isUas ? from : to;
    this.localTag = tagOf(this.#localParty) ?? '';
    this.remoteTag = tagOf(this.#remoteParty) ?? '';
    this.since = sides.at;
    this.request = request;
    this.response = response;
    this.owner = sides.owner;
    this.flow = sides.flow;
    this.localSdp = isUas ? response.body : request.body;
    this.remoteSdp = isUas ? request.body : response.body;
    const theirs = isUas ? request : response;
    this.remoteAllow = allowOf(theirs.headers);
    const seq = cseqOf(request.headers)?.number ?? 0;
    this.#localSeq = seq;
    this.#remoteSeq = isUas ? seq : undefined;
    const recordRoute = theirs.headers.list('record-route');
    this.#routeSet = isUas ? recordRoute : recordRoute.toReversed();
    this.#remoteTarget = contactUri(theirs.headers) ?? (isUas ? (parseNameAddr(from)?.uri ?? '') : request.uri);
  }

  get state(): DialogState {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#state === 'ending' || this.#state === 'ended';
  }

  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  get localSeq(): number {
    return this.#localSeq;
  }

  /** @returns whether it changed; a change the table does not have is none, since the other side may end things at any moment */
  become(state: DialogState): boolean {
    if (!NEXT[this.#state].includes(state)) return false;
    this.#state = state;
    return true;
  }

  /** A later response to the request that made it: a UAC learns target and route set from the 2xx anew (RFC 3261 13.2.2.4). */
  learnFromResponse(response: SipResponse, flow: Flow): void {
    this.response = response;
    this.flow = flow;
    if (this.role === 'uas') {
      if (response.body.length > 0) this.localSdp = response.body;
      return;
    }
    this.refreshTarget(response.headers);
    this.remoteAllow = allowOf(response.headers) ?? this.remoteAllow;
    if (response.body.length > 0) this.remoteSdp = response.body;
    if (response.status >= 200) this.#routeSet = response.headers.list('record-route').toReversed();
  }

  /** RFC 3261 12.2.1.2, 12.2.2. */
  refreshTarget(headers: SipHeaders): void {
    this.#remoteTarget = contactUri(headers) ?? this.#remoteTarget;
  }

  /** RFC 3261 12.2.2: @returns false for a request that is older than the last one. */
  takeRemoteSeq(seq: number): boolean {
    if (this.#remoteSeq !== undefined && seq < this.#remoteSeq) return false;
    this.#remoteSeq = seq;
    return true;
  }

  /** A request of ours inside the dialog (RFC 3261 12.2.1.1). `seq`: of an ACK that of its INVITE; else at least the next number. */
  newRequest(method: string, options: { readonly seq?: number; readonly uri?: string } = {}): SipRequest {
    if (method !== 'ACK') this.#localSeq = Math.max(this.#localSeq + 1, options.seq ?? 0);
    const seq = method === 'ACK' ? (options.seq ?? this.#localSeq) : this.#localSeq;
    const target = options.uri ?? this.#remoteTarget;
    const [first, ...others] = this.#routeSet;
    const firstUri = first === undefined ? undefined : parseNameAddr(first)?.uri;
    const isStrict = firstUri !== undefined && !(parseUri(firstUri)?.params.has('lr') ?? true);
    const request = createRequest(method, isStrict ? firstUri : target);
    const { headers } = request;
    const routes = isStrict ? [...others, `<${target}>`] : this.#routeSet;
    for (const route of routes) headers.append('Route', route);
    headers.append('Max-Forwards', '70');
    headers.append('From', this.#localParty);
    headers.append('To', this.#remoteParty);
    headers.append('Call-ID', this.callId);
    headers.append('CSeq', `${seq} ${method}`);
    return request;
  }

  /**
   * Where requests go. With a route set: to its first proxy. Without: the way the other side was last heard on, whatever its Contact says, since behind a NAT
   * only that one leads there; a connection that is gone is replaced by one to the Contact.
   */
  nextHop(): Destination | undefined {
    const [first] = this.#routeSet;
    if (first !== undefined) {
      const uri = parseNameAddr(first)?.uri;
      const destination = uri === undefined ? undefined : destinationOf(uri);
      // The proxy that is named is usually the one at the other end of the connection, under a name or a port of its own.
      const isSameFarEnd = destination?.host === this.flow.remote.host || destination === undefined;
      if (this.flow.isReliable && !this.flow.isClosed && isSameFarEnd) return destinationOfFlow(this.flow);
      return destination;
    }
    if (!this.flow.isClosed) return destinationOfFlow(this.flow);
    return destinationOf(this.#remoteTarget);
  }

  allows(method: string): boolean {
    return this.remoteAllow?.has(method) ?? false;
  }

  /** For the list of recovery and for logs. */
  describe(): string {
    switch (this.#state) {
      case 'early':
        return 'ringing';
      case 'answered':
        return 'answered, not acknowledged';
      case 'confirmed':
        return 'up';
      case 'ending':
      case 'ended':
        return 'over';
      default:
        return assertNever(this.#state);
    }
  }
}

function contactUri(headers: SipHeaders): string | undefined {
  const [first] = headers.list('contact');
  return first === undefined ? undefined : parseNameAddr(first)?.uri;
}

function allowOf(headers: SipHeaders): ReadonlySet<string> | undefined {
  const methods = headers.list('allow');
  return methods.length === 0 ? undefined : new Set(methods.map((method) => method.toUpperCase()));
}
