/**
 * A WebSocket client that hides nothing: frames as they came, feeds as they add up. Tests send what no decent client would. Made by `connect`.
 */
import { WebSocket } from 'ws';
import { until } from '../../support/services.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON came
export type Frame = any;

export class RawSocket {
  readonly frames: Frame[] = [];
  closeCode: number | undefined;
  readonly #ws: WebSocket;
  #nextId = 1;

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on('message', (data) => this.frames.push(JSON.parse(String(data))));
    ws.on('close', (code) => {
      this.closeCode = code;
    });
    ws.on('error', () => undefined);
  }

  /** Resolves when the socket is open; rejects with the status when the upgrade was refused. */
  static connect(port: number, headers: Record<string, string> = {}): Promise<RawSocket> {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers });
    const socket = new RawSocket(ws);
    return new Promise((resolve, reject) => {
      ws.once('open', () => resolve(socket));
      ws.once('unexpected-response', (_request, response) => reject(new Error(`upgrade refused: ${response.statusCode}`)));
      ws.once('error', reject);
    });
  }

  raw(text: string | Buffer): void {
    this.#ws.send(text);
  }

  /** Sends a command and gives its reply or error frame. */
  async ask(command: Record<string, unknown>): Promise<Frame> {
    const id = this.send(command);
    return until(() => this.answer(id), { what: `the reply to ${String(command['t'])}` });
  }

  /** The body of the reply. @throws when it is an error */
  async reply(command: Record<string, unknown>): Promise<Frame> {
    const frame = await this.ask(command);
    if (frame.t !== 'reply') throw new Error(`${String(command['t'])} was refused: ${JSON.stringify(frame)}`);
    return frame.body;
  }

  send(command: Record<string, unknown>): number {
    const id = this.#nextId++;
    this.raw(JSON.stringify({ id, ...command }));
    return id;
  }

  answer(id: number): Frame {
    return this.frames.find((frame) => (frame.t === 'reply' || frame.t === 'error') && frame.id === id);
  }

  events(feed: string): Frame[] {
    return this.frames.filter((frame) => frame.t === 'event' && frame.feed === feed);
  }

  /** The first frame for which the condition holds. */
  seen(condition: (frame: Frame) => boolean, what: string): Promise<Frame> {
    return until(() => this.frames.find(condition), { what });
  }

  closed(): Promise<number> {
    return until(() => this.closeCode, { what: 'the close' });
  }

  close(): void {
    this.#ws.close();
  }

  /** The connection breaks without a word. */
  cut(): void {
    this.#ws.terminate();
  }

  /** Stops and goes on reading, for slow clients. */
  pause(): void {
    this.#ws.pause();
  }
  resume(): void {
    this.#ws.resume();
  }
}
