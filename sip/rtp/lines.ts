/** JSON lines over a stream, for both ends of the control link: one object a line, with a limit beyond which the other side is not one of ours. */

export class LineReader {
  #rest = '';
  readonly #decoder = new TextDecoder();

  /** @throws Error when a line is longer than `limit` characters */
  read(chunk: Buffer, limit: number): string[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > limit || lines.some((line) => line.length > limit)) throw new Error('a line is too long');
    return lines;
  }
}
