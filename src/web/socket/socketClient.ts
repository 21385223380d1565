/**
 * The one way browsers talk to the gateway. Created by widget and desk, lives as long as the page, reconnects by itself.
 * Guarantees: a command is answered once or rejected once; it is sent again with the same body (and so the same key) when the connection breaks
 * before the answer, so it takes effect once; feeds go on without gap or repeat. Wrong tokens and the like (close codes from 4500) end it.
 */
import { signal } from '@preact/signals';
import { CLOSE_FINAL_FROM } from '../../protocol/limits.ts';
import { waitBeforeAttemptMs } from './backoff.ts';
import { CommandError, offline } from './commandError.ts';
import { type FeedHandlers, FeedSubscription } from './feedSubscription.ts';
import type { CommandFrame, Cursor, ErrorFrame, HelloFrame, PublicSignal, ReplyOf, ServerFrame, SubscribeReply } from './wire.ts';

export type LinkState =
  | { readonly name: 'connecting' }
  | { readonly name: 'open' }
  /** The next attempt comes at `retryAt` (Unix milliseconds). */
  | { readonly name: 'waiting'; readonly retryAt: number }
  /** The server does not want us; `code` is an error code or the close code. */
  | { readonly name: 'refused'; readonly code: string };

export interface SocketClientOptions<Hello> {
  readonly url: string;
  /** First frame of every connection. */
  hello(): HelloFrame;
  /** Runs on every connection, before feeds and commands go on. */
  onHello(reply: Hello): void;
  /** A signal of a feed that is not followed (yet). */
  onSignal?(signal: PublicSignal): void;
}

const ANSWER_WITHIN_MS = 5_000;
const DEFAULT_GIVE_UP_MS = 20_000;
/** Who has to wait longer than this is told, instead of being left with a message that is always on its way. */
const MOST_RETRY_AFTER_SEC = 30;
/** Retryable, but only much later: told at once. */
const MUCH_LATER: ReadonlySet<string> = new Set(['log_full']);

/** What every reply to hello has. */
interface Greeting {
  readonly heartbeatSec: number;
  readonly now?: number;
}

interface Pending {
  readonly frame: Record<string, unknown>;
  resolve(body: unknown): void;
  reject(error: CommandError): void;
  /** Id on the present connection; 0 while not sent on it. */
  id: number;
  attempts: number;
  answerTimer: ReturnType<typeof setTimeout> | undefined;
  giveUpTimer: ReturnType<typeof setTimeout> | undefined;
}

export class SocketClient<Hello> {
  readonly state = signal<LinkState>({ name: 'connecting' });
  readonly #options: SocketClientOptions<Hello>;
  readonly #subscriptions = new Map<string, FeedSubscription>();
  readonly #pending = new Set<Pending>();
  #socket: WebSocket | undefined;
  #nextId = 1;
  #helloId = 0;
  /** How far the server's clock is ahead of ours; undefined: it does not say. */
  #aheadMs: number | undefined;
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #helloTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(options: SocketClientOptions<Hello>) {
    this.#options = options;
  }

  start(): void {
    addEventListener('online', this.#wake);
    addEventListener('offline', this.#sleep);
    document.addEventListener('visibilitychange', this.#wake);
    this.#connect();
  }

  /** Ends for good; what is pending is rejected. */
  close(): void {
    this.#isClosed = true;
    removeEventListener('online', this.#wake);
    removeEventListener('offline', this.#sleep);
    document.removeEventListener('visibilitychange', this.#wake);
    this.#drop();
    clearTimeout(this.#retryTimer);
    for (const pending of [...this.#pending]) this.#settle(pending, () => pending.reject(offline()));
    this.#subscriptions.clear();
  }

  /** Tries at once, also after a refusal (somebody signed in again). */
  retryNow(): void {
    if (this.#isClosed || this.state.value.name === 'open' || this.state.value.name === 'connecting') return;
    this.#connect();
  }

  /** Sends until it is answered, over as many connections as it takes. @throws CommandError, `offline` after `giveUpMs` */
  command<Name extends CommandFrame['t']>(
    frame: Extract<CommandFrame, { t: Name }>,
    giveUpMs: number = DEFAULT_GIVE_UP_MS,
  ): Promise<ReplyOf<Name>> {
    return this.#request(frame as Record<string, unknown>, giveUpMs) as Promise<ReplyOf<Name>>;
  }

  /** What the server's clock will show then; undefined: not known. */
  serverTimeIn(ms: number): number | undefined {
    return this.#aheadMs === undefined ? undefined : Date.now() + this.#aheadMs + ms;
  }

  /** Sends if connected, and does not care for the answer: typing. */
  notify(frame: CommandFrame): void {
    if (this.state.value.name === 'open') this.#write({ ...frame, id: this.#nextId++ });
  }

  /** Follows a feed until the subscription is closed. A feed has one follower. */
  subscribe(feed: string, handlers: FeedHandlers): FeedSubscription {
    const ask = (name: string, cursor: Cursor | undefined): Promise<SubscribeReply> =>
      this.#request({ t: 'subscribe', feed: name, ...(cursor && { cursor }) }, Number.POSITIVE_INFINITY) as Promise<SubscribeReply>;
    const subscription = new FeedSubscription(feed, handlers, ask, (gone) => {
      if (this.#subscriptions.get(gone.feed) !== gone) return;
      this.#subscriptions.delete(gone.feed);
      this.notify({ t: 'unsubscribe', feed: gone.feed });
    });
    this.#subscriptions.get(feed)?.close();
    this.#subscriptions.set(feed, subscription);
    if (this.state.value.name === 'open') void subscription.resume();
    return subscription;
  }

  unsubscribe(feed: string): void {
    this.#subscriptions.get(feed)?.close();
  }

  readonly #wake = (): void => {
    if (document.visibilityState === 'visible' && this.state.value.name === 'waiting') this.#connect();
  };

  /** The browser lost the network: no need to wait for the ping to find out. */
  readonly #sleep = (): void => {
    if (this.state.value.name === 'open') this.#lost();
  };

  #connect(): void {
    this.#drop();
    clearTimeout(this.#retryTimer);
    this.state.value = { name: 'connecting' };
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    this.#helloTimer = setTimeout(() => this.#lost(), 2 * ANSWER_WITHIN_MS);
    socket.onopen = () => {
      this.#helloId = this.#nextId++;
      this.#write({ ...this.#options.hello(), id: this.#helloId });
    };
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#take(JSON.parse(String(message.data)) as ServerFrame);
    };
    socket.onclose = (event) => {
      if (socket !== this.#socket) return;
      if (event.code >= CLOSE_FINAL_FROM && event.code < 5_000) this.#refuse(String(event.code));
      else this.#lost();
    };
  }

  /** Lets the present socket go; commands in flight wait for the next one. */
  #drop(): void {
    clearTimeout(this.#helloTimer);
    clearInterval(this.#pingTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    for (const subscription of this.#subscriptions.values()) subscription.suspend();
    for (const pending of [...this.#pending]) {
      clearTimeout(pending.answerTimer);
      pending.id = 0;
      // Every subscription asks anew on the next connection.
      if (pending.frame.t === 'subscribe' || pending.frame.t === 'ping') this.#pending.delete(pending);
    }
  }

  /** `afterSec`: not sooner, said the server. */
  #lost(afterSec = 0): void {
    this.#drop();
    if (this.#isClosed) return;
    const waitMs = Math.max(afterSec * 1_000, waitBeforeAttemptMs(this.#failures++));
    this.state.value = { name: 'waiting', retryAt: Date.now() + waitMs };
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs);
  }

  #refuse(code: string): void {
    this.#drop();
    this.state.value = { name: 'refused', code };
  }

  #opened(reply: Hello & Greeting): void {
    this.#aheadMs = reply.now === undefined ? undefined : reply.now - Date.now();
    clearTimeout(this.#helloTimer);
    this.#failures = 0;
    this.#options.onHello(reply);
    this.state.value = { name: 'open' };
    this.#pingTimer = setInterval(() => void this.#request({ t: 'ping' }, Number.POSITIVE_INFINITY), reply.heartbeatSec * 800);
    for (const subscription of this.#subscriptions.values()) void subscription.resume();
    for (const pending of this.#pending) if (pending.id === 0) this.#send(pending);
  }

  #take(frame: ServerFrame): void {
    switch (frame.t) {
      case 'reply':
        if (frame.id === this.#helloId) this.#opened(frame.body as Hello & Greeting);
        else this.#answer(frame.id, (pending) => pending.resolve(frame.body));
        break;
      case 'error':
        this.#takeError(frame);
        break;
      case 'event':
        this.#subscriptions.get(frame.feed)?.take(frame);
        break;
      case 'state':
        this.#subscriptions.get(frame.feed)?.takeState(frame.event);
        break;
      case 'signal':
        if (this.#subscriptions.has(frame.feed)) this.#subscriptions.get(frame.feed)?.takeSignal(frame.signal);
        else this.#options.onSignal?.(frame.signal);
        break;
      case 'reset':
        this.#subscriptions.get(frame.feed)?.reset(frame.isFinal);
        break;
      default:
        break;
    }
  }

  #takeError(frame: ErrorFrame): void {
    if (frame.id === this.#helloId) {
      if (frame.isRetryable) this.#lost(frame.retryAfterSec);
      else this.#refuse(frame.code);
      return;
    }
    for (const pending of this.#pending) {
      if (pending.id !== frame.id || frame.id === 0) continue;
      if (!frame.isRetryable || MUCH_LATER.has(frame.code) || (frame.retryAfterSec ?? 0) > MOST_RETRY_AFTER_SEC) {
        this.#settle(pending, () => pending.reject(new CommandError(frame)));
        return;
      }
      clearTimeout(pending.answerTimer);
      pending.id = 0;
      const waitMs = frame.retryAfterSec ? frame.retryAfterSec * 1_000 : waitBeforeAttemptMs(pending.attempts);
      pending.answerTimer = setTimeout(() => this.#send(pending), waitMs);
      return;
    }
  }

  #request(frame: Record<string, unknown>, giveUpMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const pending: Pending = { frame, resolve, reject, id: 0, attempts: 0, answerTimer: undefined, giveUpTimer: undefined };
      if (giveUpMs < Number.POSITIVE_INFINITY)
        pending.giveUpTimer = setTimeout(() => this.#settle(pending, () => reject(offline())), giveUpMs);
      this.#pending.add(pending);
      if (this.state.value.name === 'open') this.#send(pending);
    });
  }

  #send(pending: Pending): void {
    if (this.state.value.name !== 'open' || !this.#pending.has(pending)) return;
    pending.id = this.#nextId++;
    pending.attempts++;
    pending.answerTimer = setTimeout(() => this.#lost(), ANSWER_WITHIN_MS);
    this.#write({ ...pending.frame, id: pending.id });
  }

  #answer(id: number, act: (pending: Pending) => void): void {
    for (const pending of this.#pending) {
      if (pending.id !== id) continue;
      this.#settle(pending, () => act(pending));
      return;
    }
  }

  #settle(pending: Pending, act: () => void): void {
    if (!this.#pending.delete(pending)) return;
    clearTimeout(pending.answerTimer);
    clearTimeout(pending.giveUpTimer);
    act();
  }

  #write(frame: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

/** A fresh id for a command or message; well inside what the server accepts as a key. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(15));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

/** Where the gateway's socket is, seen from an origin. */
export const socketUrl = (origin: string): string => `${origin.replace(/^http/, 'ws')}/ws`;
