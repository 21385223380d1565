/** A connection that speaks the edge's control protocol. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { type EdgeAnswer, type EdgeCommand, edgeAnswer } from '../../../sip/edge/protocol.ts';

export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: EdgeAnswer) => void>();
  #seq = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => {
      const answer = edgeAnswer.parse(JSON.parse(line));
      this.#waiting.get(answer.seq)?.(answer);
    });
  }

  static async open(port: number): Promise<ControlClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    return new ControlClient(socket);
  }

  ask(command: EdgeCommand): Promise<EdgeAnswer> {
    const seq = ++this.#seq;
    const answered = new Promise<EdgeAnswer>((resolve) => this.#waiting.set(seq, resolve));
    this.#socket.write(`${JSON.stringify({ seq, ...command })}\n`);
    return answered;
  }

  /** @throws when it was refused */
  async get(command: EdgeCommand): Promise<Extract<EdgeAnswer, { ok: true }>> {
    const answer = await this.ask(command);
    if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`);
    return answer;
  }
}
