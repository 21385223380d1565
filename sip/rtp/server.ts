/**
 * The control port of a media process: applications connect, say hello with the installation's secret, and command. Commands of one connection are carried
 * out in order; each gets one answer. Of two connections of one application the newer counts. Whoever does not say hello in time is cut off.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';
import { gatherWrites } from '../../src/base/gather.ts';
import type { Logger } from '../../src/base/log.ts';
import { LineReader } from './lines.ts';
import { type Media, Refusal } from './media.ts';
import { type RtpAnswer, type RtpEvent, rtpCommand } from './protocol.ts';

const HELLO_MS = 5_000;
const LINE_BEFORE_HELLO = 1_000;
const LINE = 1_000_000;
/** An application that reads no more is as good as dead. */
const MOST_UNREAD_BYTES = 16_000_000;
/** The longest that commands keep packets waiting. */
const TURN_MS = 2;
const MOST_STRANGERS = 100;
const envelope = z.looseObject({ seq: z.number().int() });

/** What an application proves itself with; made of the installation's secret, so that the secret itself never travels. */
export const controlSecret = (secretKey: string): string =>
  createHmac('sha256', secretKey).update('centralino rtp control').digest('base64url');

export interface ControlOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly log: Logger;
}

interface Link {
  readonly socket: Socket;
  readonly lines: LineReader;
  application: string | undefined;
  /** The command under way: the next begins after it. */
  work: Promise<void>;
  helloTimer: NodeJS.Timeout | undefined;
}

export class ControlServer {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #byApplication = new Map<string, Link>();
  #media: Media | undefined;
  #servedAt = 0;

  private constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /** `makeMedia` gets the way to tell events. */
  static async listen(
    options: ControlOptions,
    makeMedia: (tell: (application: string, event: RtpEvent) => void) => Media,
  ): Promise<ControlServer> {
    const server = new ControlServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen({ host: options.host, port: options.port }, resolve);
    });
    server.#media = makeMedia((application, event) => server.#tell(application, event));
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return address && typeof address === 'object' ? address.port : 0;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket } of this.#links) socket.end();
    setImmediate(() => {
      for (const { socket } of this.#links) socket.destroy();
    });
    await closed;
  }

  #connected(socket: Socket): void {
    if (this.#links.size - this.#byApplication.size > MOST_STRANGERS) return void socket.destroy();
    const link: Link = { socket, lines: new LineReader(), application: undefined, work: Promise.resolve(), helloTimer: undefined };
    link.helloTimer = setTimeout(() => socket.destroy(), HELLO_MS);
    this.#links.add(link);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 2_000);
    gatherWrites(socket);
    socket.on('data', (chunk) => this.#received(link, chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(link));
  }

  #received(link: Link, chunk: Buffer): void {
    let lines: string[];
    try {
      lines = link.lines.read(chunk, link.application === undefined ? LINE_BEFORE_HELLO : LINE);
    } catch {
      return void link.socket.destroy();
    }
    for (const line of lines) {
      if (line.trim() !== '') link.work = link.work.then(() => this.#carryOut(link, line));
    }
  }

  async #carryOut(link: Link, line: string): Promise<void> {
    await this.#giveWay();
    if (link.socket.destroyed) return;
    const message = parseLine(line);
    if (!message) return void link.socket.destroy();
    const { seq, ...rest } = message;
    try {
      const command = rtpCommand.safeParse(rest);
      if (!command.success) throw new Refusal('bad_request', z.prettifyError(command.error).slice(0, 500));
      this.#write(link, { seq, ok: true, ...(await this.#obey(link, command.data)) });
    } catch (error) {
      const isRefusal = error instanceof Refusal;
      if (!isRefusal) this.#options.log.error({ err: error, application: link.application }, 'rtp.command.failed');
      this.#write(link, {
        seq,
        ok: false,
        code: isRefusal ? error.code : 'overloaded',
        detail: isRefusal ? error.message : 'it failed here and was logged',
      });
      if (link.application === undefined) link.socket.end();
    }
  }

  /** A burst of commands is carried out between packets, not before them. */
  async #giveWay(): Promise<void> {
    if (performance.now() - this.#servedAt < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#servedAt = performance.now();
  }

  async #obey(link: Link, command: z.output<typeof rtpCommand>): Promise<object> {
    if (command.do === 'hello') {
      this.#greet(link, command);
      return {};
    }
    if (link.application === undefined) throw new Refusal('unauthenticated', 'say hello first');
    return (await this.#media?.obey(link.application, command)) ?? {};
  }

  #greet(link: Link, { secret, application }: { secret: string; application: string }): void {
    if (!isSame(secret, this.#options.secret)) {
      this.#options.log.warn({ address: link.socket.remoteAddress }, 'rtp.hello.refused');
      throw new Refusal('unauthenticated', 'the secret is not right');
    }
    if (link.application !== undefined) throw new Refusal('bad_request', 'hello was said');
    clearTimeout(link.helloTimer);
    link.application = application;
    const older = this.#byApplication.get(application);
    this.#byApplication.set(application, link);
    older?.socket.destroy();
    this.#media?.applicationCame(application);
    this.#options.log.info({ application }, 'rtp.application.came');
  }

  #closed(link: Link): void {
    clearTimeout(link.helloTimer);
    this.#links.delete(link);
    const { application } = link;
    if (application === undefined || this.#byApplication.get(application) !== link) return;
    this.#byApplication.delete(application);
    this.#media?.applicationWent(application);
    this.#options.log.info({ application }, 'rtp.application.went');
  }

  #tell(application: string, event: RtpEvent): void {
    const link = this.#byApplication.get(application);
    if (link) this.#write(link, event);
  }

  #write(link: Link, message: RtpAnswer | RtpEvent): void {
    if (!link.socket.writable) return;
    link.socket.write(`${JSON.stringify(message)}\n`);
    if (link.socket.writableLength > MOST_UNREAD_BYTES) link.socket.destroy();
  }
}

function parseLine(line: string): z.infer<typeof envelope> | undefined {
  try {
    return envelope.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
