/**
 * One client's WebSocket: frames in, one at a time and in order; frames out, as long as the client keeps up. Created by `server.ts` at the
 * upgrade. What the commands mean is `commands.ts`'s business; who the client is stands in `state`, which `hello.ts` moves.
 */
import type { GatewayLimits } from '../../config/limits.ts';
import type { Scope } from '../../queues/engine.ts';
import type { UserPrincipal } from '../auth/can.ts';
import { AppError, CLOSE, type CloseReason, ERRORS } from '../base/errors.ts';
import type { ContactId, GroupId, InteractionId, QueueId } from '../base/ids.ts';
import { newId } from '../base/ids.ts';
import { CommandRefused } from './commandRefused.ts';
import type { Credentials } from './credentials.ts';
import type { Metrics } from './metrics.ts';
import type { Subscription } from './subscription.ts';
import { TokenBucket } from './tokenBucket.ts';

/** What is known of the client before it says anything. */
export interface Arrival {
  readonly ip: string;
  readonly userAgent: string;
  /** Origin of the page; undefined: our own page, or not a browser. */
  readonly foreignOrigin: string | undefined;
  /** Of the upgrade; a cookie only if the page is our own. */
  readonly credentials: Credentials;
}

/** The connection below, made by `server.ts`. */
export interface Wire {
  /** 0: the bytes wait in `buffered`; 1: sent; 2: dropped. */
  send(frame: string | Uint8Array): number;
  buffered(): number;
  end(code: number, reason: string): void;
}

export interface VisitorMember {
  readonly kind: 'visitor';
  readonly scope: Scope;
  readonly contactId: ContactId;
  readonly groupPublicId: string;
  readonly groupId: GroupId;
  readonly queueId: QueueId;
  readonly language: string;
  /** JSON of the page the visitor is on, or empty. */
  page: string;
  /** As the visitor gave it when starting a conversation. */
  name: string;
  /** A conversation that is being opened by this socket. */
  starting: Promise<unknown> | undefined;
  /** Conversations in which this socket shows that the client is there. */
  readonly attached: Set<InteractionId>;
  readonly messages: TokenBucket;
}

export interface AgentMember {
  readonly kind: 'agent';
  readonly scope: Scope;
  /** Replaced when rights change. */
  principal: UserPrincipal;
  readonly credentials: Credentials;
  readonly device: { readonly id: string; readonly name: string };
  /** The engine counts the device as live. Whoever serves no queue only watches, and is not attached. */
  isAttached: boolean;
  /** Queues of conversations this socket may see, as far as it asked. */
  readonly queueOf: Map<InteractionId, QueueId>;
}

export type SocketState = { readonly kind: 'greeting' } | VisitorMember | AgentMember | { readonly kind: 'closed' };

/** A frame as it came, before anybody looked at its fields. */
export type RawFrame = Readonly<Record<string, unknown>>;

export interface SocketDeps {
  readonly limits: GatewayLimits;
  readonly metrics: Metrics;
  /** Runs one command; its result is the reply's body, `undefined` when it has replied by itself. */
  readonly execute: (socket: ClientSocket, frame: RawFrame) => Promise<unknown>;
  /** A fault of ours, to be logged. */
  readonly onFault: (socket: ClientSocket, error: unknown) => void;
  /** The connection is gone. Called once. */
  readonly onClosed: (socket: ClientSocket, last: SocketState) => void;
}

export class ClientSocket {
  readonly id = newId('connection');
  readonly arrival: Arrival;
  readonly openedAt = performance.now();
  readonly subscriptions = new Map<string, Subscription>();
  readonly #deps: SocketDeps;
  readonly #frames: TokenBucket;
  #state: SocketState = { kind: 'greeting' };
  #wire: Wire | undefined;
  #pending: { readonly frame: RawFrame; readonly at: number }[] = [];
  #isRunning = false;
  #malformed = 0;

  constructor(arrival: Arrival, deps: SocketDeps) {
    this.arrival = arrival;
    this.#deps = deps;
    this.#frames = new TokenBucket(deps.limits.frames);
  }

  get state(): SocketState {
    return this.#state;
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  get memberId(): string {
    const state = this.#state;
    return state.kind === 'visitor' ? state.contactId : state.kind === 'agent' ? state.principal.userId : '';
  }

  follows(feed: string): boolean {
    return this.subscriptions.has(feed);
  }

  open(wire: Wire): void {
    this.#wire = wire;
  }

  /** The client said who it is. */
  become(member: VisitorMember | AgentMember): void {
    if (!this.isClosed) this.#state = member;
  }

  /** A text frame as it came from the wire. */
  receive(text: string): void {
    if (this.isClosed) return;
    if (!this.#frames.take()) return this.close('flood');
    let frame: unknown;
    try {
      frame = JSON.parse(text);
    } catch {
      // Said to the client, which made the fault; there is nothing to log.
      return this.malformed('The frame is not JSON.');
    }
    if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return this.malformed('A frame is one JSON object.');
    if (this.#pending.length >= this.#deps.limits.pendingCommands) return this.close('flood');
    this.#pending.push({ frame: frame as RawFrame, at: performance.now() });
    if (!this.#isRunning) void this.#run();
  }

  /** A frame that cannot be answered by its id. */
  malformed(detail: string): void {
    this.refuse(0, new AppError('bad_request', { detail }));
    if (++this.#malformed >= this.#deps.limits.malformedFrames) this.close('protocol');
  }

  push(frame: string | Uint8Array): void {
    const wire = this.#wire;
    if (this.isClosed || !wire) return;
    this.#deps.metrics.countFrameOut();
    const status = wire.send(frame);
    if (status === 2 || (status === 0 && wire.buffered() > this.#deps.limits.backlogMaxBytes)) this.close('slow');
  }

  reply(id: number, body: unknown): void {
    this.push(`{"t":"reply","id":${id},"body":${JSON.stringify(body ?? {})}}`);
  }

  refuse(id: number, error: AppError): void {
    const { text, retryable } = ERRORS[error.code];
    this.push(
      JSON.stringify({
        t: 'error',
        id,
        code: error.code,
        text,
        isRetryable: retryable,
        ...(error.detail === undefined ? {} : { detail: error.detail }),
        ...(error instanceof CommandRefused && error.owner !== undefined ? { owner: error.owner } : {}),
        ...(error.retryAfterSec === undefined ? {} : { retryAfterSec: error.retryAfterSec }),
      }),
    );
  }

  /** Ends the connection; the code tells the client whether to come back. */
  close(reason: CloseReason): void {
    if (this.isClosed) return;
    this.#deps.metrics.closes.inc({ reason });
    const wire = this.#wire;
    this.closed();
    wire?.end(CLOSE[reason], reason);
  }

  /** The connection has gone, by whosever wish. */
  closed(): void {
    if (this.isClosed) return;
    const last = this.#state;
    this.#state = { kind: 'closed' };
    this.#wire = undefined;
    this.#pending = [];
    this.#deps.onClosed(this, last);
  }

  /** One command after the other, in the order they came. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#pending.shift(); next && !this.isClosed; next = this.#pending.shift()) await this.#command(next.frame, next.at);
    this.#isRunning = false;
  }

  async #command(frame: RawFrame, at: number): Promise<void> {
    const id = typeof frame['id'] === 'number' && Number.isSafeInteger(frame['id']) && frame['id'] > 0 ? frame['id'] : 0;
    let code = 'ok';
    try {
      const body = await this.#deps.execute(this, frame);
      if (body !== undefined) this.reply(id, body);
    } catch (error) {
      const refusal = error instanceof AppError ? error : new AppError('internal');
      code = refusal.code;
      if (code === 'internal') this.#deps.onFault(this, error);
      this.refuse(id, refusal);
    }
    this.#deps.metrics.countCommand(frame['t'], code, performance.now() - at);
  }
}
