/**
 * One WebSocket of the load generator: text frames as raw bytes, so that nothing is parsed while measuring.
 * Created by dialects. While a conversation is set up, `ask` waits for the answering frame; later all frames go to `onFrame`.
 */
import { WebSocket } from 'ws';

const ANSWER_TIMEOUT_MS = 15_000;

export class Wire {
  /** Tells sockets apart in the meter. */
  readonly index: number;
  /** Receives every frame that no `ask` waits for. */
  onFrame: (frame: Buffer, wire: Wire) => void = () => undefined;
  /** Called when the socket closes without `close` having been called. */
  onLost: (reason: string) => void = () => undefined;
  readonly #socket: WebSocket;
  #waiting: { isAnswer: (frame: Buffer) => boolean; resolve: (frame: Buffer) => void } | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #isClosed = false;
  static #count = 0;

  private constructor(socket: WebSocket) {
    this.index = Wire.#count++;
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(data));
    socket.on('close', (code: number, reason: Buffer) => {
      clearInterval(this.#heartbeat);
      if (!this.#isClosed) this.onLost(`closed with ${code} ${reason.toString()}`);
    });
    socket.on('error', (error) => {
      if (!this.#isClosed) this.onLost(error.message);
    });
  }

  /** @throws when the server refuses the upgrade. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Wire> {
    const socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true, headers });
    const wire = new Wire(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return wire;
  }

  send(frame: string): void {
    this.#socket.send(frame);
  }

  /** Sends and waits for the frame that answers. One question at a time. @throws after 15 s. */
  async ask(frame: string | undefined, isAnswer: (frame: Buffer) => boolean): Promise<Buffer> {
    const answer = new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${frame?.slice(0, 80) ?? 'the connection'}`)), ANSWER_TIMEOUT_MS);
      this.#waiting = {
        isAnswer,
        resolve: (found) => {
          clearTimeout(timer);
          resolve(found);
        },
      };
    });
    if (frame !== undefined) this.send(frame);
    return answer;
  }

  /** Sends the frame every `everyMs` until the socket closes. */
  keepAlive(frame: string, everyMs: number): void {
    this.#heartbeat = setInterval(() => this.send(frame), everyMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.terminate();
  }

  #receive(frame: Buffer): void {
    const waiting = this.#waiting;
    if (waiting?.isAnswer(frame)) {
      this.#waiting = undefined;
      waiting.resolve(frame);
      return;
    }
    this.onFrame(frame, this);
  }
}

/** Whether the frame begins with the text; compares bytes, allocates nothing. */
export function startsWith(frame: Buffer, text: Buffer): boolean {
  return frame.length >= text.length && frame.compare(text, 0, text.length, 0, text.length) === 0;
}
