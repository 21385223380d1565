/**
 * A client of the gateway without a browser. Created by visitor and agent actors, lives until its AbortSignal. It behaves as the protocol asks of
 * clients: hello first, one answer per command, unanswered commands sent again with the same key over the next connection, feeds resumed by cursor,
 * another gateway after a loss. Every frame is checked against the protocol; what does not match is a breach.
 */
import { type RawData, WebSocket } from 'ws';
import { type ServerFrame, serverFrame } from '../../src/protocol/frames.ts';
import type { Chance } from './chance.ts';
import { CommandError } from './commandError.ts';
import { Feed, type FeedHandlers } from './feed.ts';

export interface SocketClientOptions {
  /** Base addresses of gateways; each connection takes one by chance. */
  readonly gateways: readonly string[];
  readonly chance: Chance;
  readonly signal: AbortSignal;
  /** Client address as a proxy tells it; limits are per address. */
  readonly address: string;
  /** First frame of every connection, without its id. */
  hello(): Promise<Record<string, unknown>>;
  /** Runs on every connection before feeds and commands go on. */
  onHello(body: Record<string, unknown>): void;
  /** The server closed for good (4500 and above), or refused the hello. */
  onRefused(code: string): void;
  /** The server did what the protocol forbids. */
  onBreach(text: string): void;
}

export interface ClosedHow {
  readonly code: number;
  readonly reason: string;
}

interface Pending {
  readonly frame: Readonly<Record<string, unknown>>;
  resolve(body: unknown): void;
  reject(error: Error): void;
  /** Belongs to one connection: not sent again over the next. */
  readonly isBound: boolean;
  /** On the present connection; 0 while not sent on it. */
  id: number;
  timer: NodeJS.Timeout | undefined;
}

const ANSWER_WITHIN_MS = 5_000;
const PING_EVERY_MS = 5_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;
const FINAL_FROM = 4_500;
/** Each connection makes its own of these. */
const BOUND: ReadonlySet<string> = new Set(['ping', 'subscribe']);

export class SocketClient {
  readonly #options: SocketClientOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #pending = new Set<Pending>();
  #socket: WebSocket | undefined;
  #isOpen = false;
  #nextId = 1;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  #helloTimer: NodeJS.Timeout | undefined;
  #isOffline = false;
  #refusal: string | undefined;
  /** Every close by the server, in order. */
  readonly closes: ClosedHow[] = [];
  /** Connections that got as far as the reply to hello. */
  connections = 0;

  constructor(options: SocketClientOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#close(), { once: true });
    if (!options.signal.aborted) this.#connect();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get feeds(): Feed[] {
    return [...this.#feeds.values()];
  }

  /** Sends until answered, over as many connections as it takes. @throws CommandError when refused or the actor is stopped */
  command(frame: Readonly<Record<string, unknown>> & { readonly t: string }): Promise<unknown> {
    const failed = this.#options.signal.aborted ? 'aborted' : this.#refusal;
    if (failed) return Promise.reject(new CommandError(frame.t, failed));
    return new Promise((resolve, reject) => {
      const pending: Pending = { frame, resolve, reject, isBound: BOUND.has(frame.t), id: 0, timer: undefined };
      this.#pending.add(pending);
      if (this.#isOpen) this.#send(pending);
    });
  }

  /** Sends once without caring for the answer: typing. Not sent while disconnected. */
  notify(frame: Readonly<Record<string, unknown>>): void {
    if (!this.#isOpen) return;
    const pending: Pending = { frame, resolve: () => undefined, reject: () => undefined, isBound: true, id: 0, timer: undefined };
    this.#pending.add(pending);
    this.#send(pending);
  }

  /** Follows a feed as long as the client lives. A feed followed twice keeps its first handlers. */
  follow(name: string, handlers: FeedHandlers): Feed {
    const known = this.#feeds.get(name);
    if (known) return known;
    const feed = new Feed(name, handlers, {
      subscribe: (feedName, cursor) => this.command({ t: 'subscribe', feed: feedName, ...(cursor ? { cursor } : {}) }),
      breach: (text) => this.#options.onBreach(text),
    });
    this.#feeds.set(name, feed);
    if (this.#isOpen) void feed.resume();
    return feed;
  }

  /** Cuts the connection as a lost network would, without a close frame; the client comes back by itself. */
  cut(): void {
    this.#lost();
  }

  /** Stays away until `goOnline`. */
  goOffline(): void {
    this.#isOffline = true;
    this.#lost();
  }

  goOnline(): void {
    this.#isOffline = false;
    if (!this.#socket) this.#connect();
  }

  /** Raw text to the server, for tests of what it refuses. */
  sendRaw(text: string): void {
    this.#socket?.send(text);
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    if (this.#isOffline || this.#options.signal.aborted || this.#refusal) return;
    const address = this.#options.chance.pick(this.#options.gateways);
    const socket = new WebSocket(`${address.replace(/^http/, 'ws')}/ws`, {
      perMessageDeflate: false,
      // One frame at a time, so that what a reply brings about is done before the next frame is looked at.
      allowSynchronousEvents: false,
      handshakeTimeout: ANSWER_WITHIN_MS,
      headers: { 'x-forwarded-for': this.#options.address },
    });
    this.#socket = socket;
    this.#helloTimer = setTimeout(() => this.#lost(), 2 * ANSWER_WITHIN_MS);
    socket.on('open', () => void this.#greet(socket));
    socket.on('message', (data) => {
      if (socket === this.#socket) this.#take(data);
    });
    socket.on('close', (code, reason) => {
      if (socket !== this.#socket) return;
      this.closes.push({ code, reason: reason.toString() });
      if (code >= FINAL_FROM && code < 5_000) this.#refuse(`close ${code} ${reason.toString()}`);
      else this.#lost();
    });
    socket.on('error', () => {
      if (socket === this.#socket) this.#lost();
    });
  }

  async #greet(socket: WebSocket): Promise<void> {
    let frame: Record<string, unknown>;
    try {
      frame = await this.#options.hello();
    } catch {
      // No token to be had now (the server is away): the next attempt asks again.
      return this.#lost();
    }
    if (socket !== this.#socket) return;
    const greeting: Pending = {
      frame,
      isBound: true,
      id: this.#nextId++,
      timer: undefined,
      resolve: (body) => this.#opened(body as Record<string, unknown>),
      reject: (error) => this.#refuse(error instanceof CommandError ? error.code : error.message),
    };
    this.#pending.add(greeting);
    this.#write({ ...frame, id: greeting.id });
  }

  #opened(body: Record<string, unknown>): void {
    clearTimeout(this.#helloTimer);
    this.#failures = 0;
    this.#isOpen = true;
    this.connections++;
    this.#options.onHello(body);
    this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    for (const feed of this.#feeds.values()) void feed.resume();
    for (const pending of this.#pending) if (pending.id === 0) this.#send(pending);
  }

  #ping(): void {
    if ([...this.#pending].some(({ frame }) => frame.t === 'ping')) return;
    this.command({ t: 'ping' }).catch(() => undefined); // Lost connections are noticed by the missing answer.
  }

  #lost(): void {
    this.#drop();
    if (this.#options.signal.aborted || this.#isOffline || this.#refusal) return;
    const ceiling = Math.min(FIRST_WAIT_MS * 2 ** this.#failures++, LONGEST_WAIT_MS);
    this.#retryTimer = setTimeout(() => this.#connect(), ceiling * (0.5 + this.#options.chance.next() / 2));
  }

  #drop(): void {
    clearInterval(this.#pingTimer);
    clearTimeout(this.#helloTimer);
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    socket?.terminate();
    for (const feed of this.#feeds.values()) feed.suspend();
    for (const pending of [...this.#pending]) {
      clearTimeout(pending.timer);
      pending.id = 0;
      if (pending.isBound) this.#pending.delete(pending);
    }
  }

  #refuse(code: string): void {
    this.#refusal = code;
    this.#drop();
    this.#rejectAll(code);
    this.#options.onRefused(code);
  }

  #close(): void {
    this.#drop();
    this.#rejectAll('aborted');
  }

  #rejectAll(code: string): void {
    for (const pending of this.#pending) pending.reject(new CommandError(String(pending.frame.t), code));
    this.#pending.clear();
  }

  #take(data: RawData): void {
    const text = (data as Buffer).toString();
    const parsed = serverFrame.safeParse(JSON.parse(text));
    if (!parsed.success) {
      this.#options.onBreach(`a frame does not match the protocol: ${text.slice(0, 300)}: ${parsed.error.message}`);
      return;
    }
    this.#dispatch(parsed.data);
  }

  #dispatch(frame: ServerFrame): void {
    switch (frame.t) {
      case 'reply':
        this.#settle(frame.id, (pending) => pending.resolve(frame.body));
        return;
      case 'error':
        this.#takeError(frame);
        return;
      case 'event':
        this.#feeds.get(frame.feed)?.takeEvent(frame);
        return;
      case 'state':
        this.#feeds.get(frame.feed)?.takeState(frame.event);
        return;
      case 'signal':
        this.#feeds.get(frame.feed)?.takeSignal(frame.signal);
        return;
      case 'reset':
        this.#feeds.get(frame.feed)?.reset(frame.isFinal);
        return;
    }
  }

  #takeError(frame: Extract<ServerFrame, { t: 'error' }>): void {
    const pending = [...this.#pending].find(({ id }) => id === frame.id);
    if (!pending) {
      this.#options.onBreach(`an error answers no command: ${JSON.stringify(frame)}`);
      return;
    }
    if (!frame.isRetryable) {
      this.#settle(frame.id, () => pending.reject(new CommandError(String(pending.frame.t), frame.code, frame)));
      return;
    }
    if (pending.frame.t === 'hello') {
      this.#lost();
      return;
    }
    clearTimeout(pending.timer);
    pending.id = 0;
    pending.timer = setTimeout(
      () => this.#send(pending),
      frame.retryAfterSec ? frame.retryAfterSec * 1_000 : FIRST_WAIT_MS * (1 + this.#options.chance.next()),
    );
  }

  #settle(id: number, act: (pending: Pending) => void): void {
    for (const pending of this.#pending) {
      if (pending.id !== id) continue;
      clearTimeout(pending.timer);
      this.#pending.delete(pending);
      act(pending);
      return;
    }
    this.#options.onBreach(`a reply with id ${id} answers no command`);
  }

  #send(pending: Pending): void {
    if (!this.#isOpen || !this.#pending.has(pending)) return;
    pending.id = this.#nextId++;
    pending.timer = setTimeout(() => this.#lost(), ANSWER_WITHIN_MS);
    this.#write({ ...pending.frame, id: pending.id });
  }

  #write(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }
}
