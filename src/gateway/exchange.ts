/**
 * One HTTP request and its answer; created by `server.ts` for each request. The only file that touches the response object of
 * uWebSockets.js: a handler that neither answers nor registers `onAborted` would kill the process, so both happen here and nowhere else.
 * Guarantees one answer at most, none after the client has gone, and no line breaks in header values.
 */

import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import { AppError } from '../base/errors.ts';
import { clientAddress } from './clientAddress.ts';

const CHUNK_BYTES = 128 * 1024;

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Streamed from disk as the client reads it. */
  readonly file?: { readonly path: string; readonly size: number };
}

export class Exchange {
  /** As sent, e.g. `GET`. */
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** The client's address, honouring TRUST_PROXY. */
  readonly ip: string;
  /** The caller's `X-Request-Id` when it is well formed, else a new one. */
  readonly requestId: string;
  /** Unix milliseconds of arrival, from the monotonic clock. */
  readonly arrivedAt = performance.now();
  readonly #headers = new Map<string, string>();
  readonly #res: HttpResponse;
  #isOver = false;
  #isAborted = false;
  #onGone: (() => void) | undefined;
  #isReceiving = false;
  #status = 0;

  constructor(res: HttpResponse, req: HttpRequest, isProxyTrusted: boolean) {
    this.#res = res;
    res.onAborted(() => {
      this.#isOver = true;
      this.#isAborted = true;
      this.#onGone?.();
    });
    this.method = req.getCaseSensitiveMethod();
    this.path = req.getUrl();
    this.query = req.getQuery() ?? '';
    req.forEach((name, value) => {
      this.#headers.set(name, value);
    });
    this.ip = clientAddress(
      Buffer.from(res.getRemoteAddressAsText()).toString(),
      isProxyTrusted ? this.header('x-forwarded-for') : undefined,
    );
    const given = this.header('x-request-id');
    this.requestId = given !== undefined && /^[\w.-]{8,64}$/.test(given) ? given : randomUUID();
  }

  /** Of the lower-case name; undefined when absent or empty. */
  header(name: string): string | undefined {
    return this.#headers.get(name) || undefined;
  }

  /** Answered, or the client has gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The client went away before the answer. */
  get isAborted(): boolean {
    return this.#isAborted;
  }

  /** Status that was answered; 0 before. */
  get status(): number {
    return this.#status;
  }

  /**
   * Collects the body. Call it before the first `await` of the handler: later the bytes are gone.
   * @throws AppError too_large, bad_request (the client went away)
   */
  receive(maxBytes: number): Promise<Buffer> {
    const announced = Number(this.header('content-length') ?? 0);
    const chunks: Buffer[] = [];
    let size = 0;
    this.#isReceiving = true;
    return new Promise((resolve, reject) => {
      this.#onGone = () => reject(new AppError('bad_request', { detail: 'The connection closed before the whole body arrived.' }));
      this.#res.onData((chunk, isLast) => {
        size += chunk.byteLength;
        if (size > maxBytes || announced > maxBytes) {
          chunks.length = 0;
          reject(new AppError('too_large', { detail: `At most ${maxBytes} bytes.` }));
          return;
        }
        chunks.push(Buffer.from(chunk.slice(0)));
        if (!isLast) return;
        this.#isReceiving = false;
        resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
      });
    });
  }

  /** Answers; a second answer, or one to a client that has gone, is dropped. */
  answer(answer: Answer): void {
    if (this.#isOver) return;
    if (answer.file && this.method !== 'HEAD') {
      // The head may be out already: all that is left to say is that there is no more.
      this.#stream(answer, answer.file).catch(() => this.cut());
      return;
    }
    this.#isOver = true;
    this.#status = answer.status;
    // A body that is still coming would be read as the next request's beginning by nobody's wish: close after such an answer.
    const isLast = this.#isReceiving;
    this.#res.cork(() => {
      this.#writeHead(answer);
      const hasNoBody = answer.status === 204 || answer.status === 304;
      if (hasNoBody) this.#res.endWithoutBody(undefined, isLast);
      else if (this.method === 'HEAD') this.#res.endWithoutBody(answer.file?.size ?? Buffer.byteLength(answer.body ?? ''), isLast);
      else this.#res.end(answer.body ?? '', isLast);
    });
  }

  /** Makes it a WebSocket; the exchange is over. */
  upgrade<Data>(data: Data, context: us_socket_context_t): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#status = 101;
    const header = (name: string): string => this.header(name) ?? '';
    this.#res.cork(() => {
      this.#res.upgrade(data, header('sec-websocket-key'), header('sec-websocket-protocol'), header('sec-websocket-extensions'), context);
    });
  }

  /** Ends the connection without an answer. */
  cut(): void {
    if (this.#isOver) return;
    this.#res.close();
  }

  #writeHead(answer: Answer): void {
    this.#res.writeStatus(`${answer.status} ${STATUS_CODES[answer.status] ?? ''}`);
    for (const [name, value] of Object.entries(answer.headers ?? {})) this.#res.writeHeader(name, value.replace(/[\r\n\0]/g, ' '));
  }

  /** Sends a file chunk by chunk; reads on only when the client took the last chunk. */
  async #stream(answer: Answer, file: { path: string; size: number }): Promise<void> {
    const handle = await open(file.path).catch(() => undefined);
    if (!handle) {
      this.answer({ status: 404, headers: { 'content-type': 'text/plain' }, body: 'The file is gone.' });
      return;
    }
    try {
      if (this.#isOver) return;
      this.#status = answer.status;
      this.#res.cork(() => this.#writeHead(answer));
      if (file.size === 0) this.#finish(() => this.#res.end(''));
      for (let offset = 0; offset < file.size && !this.#isOver; ) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(CHUNK_BYTES, file.size - offset)), 0, undefined, offset);
        // A file that shrank meanwhile cannot fill the announced length: cut, so that the client notices.
        if (bytesRead === 0) return this.cut();
        await this.#offer(buffer.subarray(0, bytesRead), file.size);
        offset += bytesRead;
      }
    } finally {
      await handle.close();
    }
  }

  /** Hands over one chunk; resolves when the socket has taken all of it, or the client has gone. */
  #offer(chunk: Buffer, total: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isOver) return resolve();
      this.#onGone = resolve;
      const start = this.#res.getWriteOffset();
      const push = (from: number): boolean => {
        let isTaken = false;
        this.#res.cork(() => {
          const [isAccepted, isDone] = this.#res.tryEnd(chunk.subarray(from), total);
          if (isDone) this.#isOver = true;
          isTaken = isAccepted || isDone;
        });
        if (isTaken) resolve();
        return isTaken;
      };
      if (!push(0)) this.#res.onWritable((offset) => push(offset - start));
    });
  }

  #finish(end: () => void): void {
    this.#isOver = true;
    this.#res.cork(end);
  }
}
