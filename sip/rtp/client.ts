/**
 * An application's link to one media process. Connects, says hello, and connects again when the link is lost; commands that were not answered are sent
 * again, which the process takes as once. A command without an answer for 5 s means that the process hangs: the link is dropped; where there is nothing to command
 * it is asked for a sign of life each second. Created by the SIP application, one per process it finds announced.
 */
import { connect, type Socket } from 'node:net';
import { AppError, type ErrorCode } from '../../src/base/errors.ts';
import { gatherWrites } from '../../src/base/gather.ts';
import type { Logger } from '../../src/base/log.ts';
import { LineReader } from './lines.ts';
import { type LegInfo, type RtpCommand, type RtpEvent, rtpAnswer, rtpEvent, type SpareEnd } from './protocol.ts';

const ANSWER_MS = 5_000;
const PING_MS = 1_000;
/** In time, a command is answered in milliseconds. */
const LATE_MS = 1_500;
const RETRY_MS = [50, 200, 500, 1_000] as const;
const LINE = 16_000_000;

/** What the process's refusals mean to the one who asked. */
const MEANINGS: Readonly<Record<string, ErrorCode>> = {
  unknown_leg: 'gone',
  no_ports: 'rate_limited',
  overloaded: 'rate_limited',
  bad_request: 'bad_request',
  unknown_sound: 'not_found',
  unauthenticated: 'unauthenticated',
};

export interface RtpClientOptions {
  readonly host: string;
  readonly port: number;
  /** Of `controlSecret`. */
  readonly secret: string;
  /** Whose legs these are; the same after a lost link, another after a restart. */
  readonly application: string;
  readonly log: Logger;
  readonly onEvent: (event: RtpEvent) => void;
  /** The link stands, or stands no more (the process may have died with all its legs). */
  readonly onState?: (isUp: boolean) => void;
  /** Nobody listens there any more: the process has died. */
  readonly onRefused?: () => void;
}

type Command = Exclude<RtpCommand, { do: 'hello' }>;
export interface RtpReply {
  readonly leg?: LegInfo | undefined;
  readonly legs?: LegInfo[] | undefined;
  readonly ends?: SpareEnd[] | undefined;
}

interface Pending {
  readonly line: string;
  readonly since: number;
  readonly timer: NodeJS.Timeout;
  resolve(reply: RtpReply): void;
  reject(error: Error): void;
}

export class RtpClient {
  readonly #options: RtpClientOptions;
  readonly #pending = new Map<number, Pending>();
  #socket: Socket | undefined;
  #state: 'connecting' | 'up' | 'waiting' | 'closed' = 'waiting';
  #seq = 0;
  #attempts = 0;
  #retry: NodeJS.Timeout | undefined;
  readonly #pinging: NodeJS.Timeout;

  constructor(options: RtpClientOptions) {
    this.#options = options;
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
    this.#connect();
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** It is up, and may stand still: what was asked first is not answered yet. */
  get isLate(): boolean {
    const [oldest] = this.#pending.values();
    return oldest !== undefined && performance.now() - oldest.since > LATE_MS;
  }

  /** @throws AppError unavailable (not reached in time) | rate_limited (no ports, overloaded) | gone (no such leg) | not_found (no such sound) | bad_request */
  ask(command: Command): Promise<RtpReply> {
    if (this.#state === 'closed') return Promise.reject(lost('the link was closed'));
    const seq = ++this.#seq;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#unanswered(seq), ANSWER_MS);
      const line = `${JSON.stringify({ seq, ...command })}\n`;
      this.#pending.set(seq, { line, since: performance.now(), timer, resolve, reject });
      if (this.#state === 'up') this.#socket?.write(line);
    });
  }

  /** Commands not answered yet fail. Legs stay for whoever adopts them. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#retry);
    clearInterval(this.#pinging);
    this.#socket?.destroy();
    for (const seq of [...this.#pending.keys()]) this.#fail(seq, lost('the link was closed'));
  }

  #ping(): void {
    if (this.#state === 'up' && this.#pending.size === 0) this.ask({ do: 'ping' }).catch(() => undefined);
  }

  #connect(): void {
    const { host, port, secret, application } = this.#options;
    this.#state = 'connecting';
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 2_000 });
    const lines = new LineReader();
    gatherWrites(socket);
    this.#socket = socket;
    socket.on('connect', () =>
      socket.write(`${JSON.stringify({ seq: 0, do: 'hello', secret, application } satisfies RtpCommand & { seq: number })}\n`),
    );
    socket.on('data', (chunk) => {
      try {
        for (const line of lines.read(chunk, LINE)) if (line !== '') this.#received(JSON.parse(line));
      } catch (error) {
        this.#options.log.error({ err: error, port }, 'rtp.link.unreadable');
        socket.destroy();
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') this.#options.onRefused?.();
    });
    socket.on('close', () => this.#lost(socket));
  }

  #received(message: unknown): void {
    // An answer that is tried as an event costs more than all the rest of it.
    if (typeof message === 'object' && message !== null && 'event' in message) return this.#options.onEvent(rtpEvent.parse(message));
    const answer = rtpAnswer.parse(message);
    if (answer.seq === 0) {
      if (!answer.ok) throw refused(answer);
      return this.#greeted();
    }
    const pending = this.#pending.get(answer.seq);
    if (!pending) return;
    if (!answer.ok) return this.#fail(answer.seq, refused(answer));
    this.#pending.delete(answer.seq);
    clearTimeout(pending.timer);
    pending.resolve(answer);
  }

  #greeted(): void {
    this.#state = 'up';
    this.#attempts = 0;
    for (const { line } of this.#pending.values()) this.#socket?.write(line);
    this.#options.onState?.(true);
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket || this.#state === 'closed') return;
    const wasUp = this.#state === 'up';
    this.#state = 'waiting';
    this.#retry = setTimeout(() => this.#connect(), RETRY_MS[Math.min(this.#attempts++, RETRY_MS.length - 1)]);
    if (wasUp) this.#options.onState?.(false);
  }

  #unanswered(seq: number): void {
    this.#fail(seq, lost('the media process does not answer'));
    this.#socket?.destroy();
  }

  #fail(seq: number, error: Error): void {
    const pending = this.#pending.get(seq);
    if (!pending) return;
    this.#pending.delete(seq);
    clearTimeout(pending.timer);
    pending.reject(error);
  }
}

const lost = (detail: string): AppError => new AppError('unavailable', { detail: `Phone media: ${detail}.` });
const refused = ({ code, detail }: { code: string; detail: string }): AppError =>
  new AppError(MEANINGS[code] ?? 'unavailable', { detail: `Phone media: ${code}, ${detail}` });
