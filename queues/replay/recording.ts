/**
 * A recording on disk: a folder with a header, the partition as it stood at the start (`snapshot.jsonl`), the commands since (`commands.jsonl`)
 * and, when it was ended in order, the partition as it stood at the end (`end.jsonl`). Lines are only ever appended, so a recorder that was killed
 * leaves a recording that is usable up to there: a torn last line is left out. It holds what the partition holds, people's texts included.
 */
import { createReadStream, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const FORMAT = 1;

const headerSchema = z.object({
  format: z.literal(FORMAT),
  name: z.string(),
  partition: z.number().int(),
  /** Of the partition's keys, as `c:{p7}`. */
  base: z.string(),
  /** Partition's time, Unix ms. */
  startedAt: z.number(),
  redisVersion: z.string(),
  /** Hash of each script's text, by name: which release was recorded. */
  scripts: z.record(z.string(), z.string()),
});
export type RecordingHeader = Omit<z.infer<typeof headerSchema>, 'format'>;

/** A key as it stood: `at` the partition's time when it was copied, `ttlMs` what it had to live then (negative: no end), `dump` of Redis's DUMP. */
export interface KeyImage {
  readonly key: string;
  readonly at: number;
  readonly ttlMs: number;
  readonly dump: Buffer;
}

/** A script as it was run. `drawn`: what Redis drew for it, as JSON, in the order of the calls. */
export interface RecordedCommand {
  readonly script: string;
  readonly at: number;
  readonly args: readonly string[];
  readonly drawn: readonly string[];
}

const imageLine = z.object({ k: z.string(), t: z.number(), p: z.number(), d: z.string() });
const closingLine = z.object({ keys: z.number() });
const commandLine = z.union([
  z.object({ n: z.string(), t: z.number(), v: z.array(z.string()) }),
  z.object({ r: z.string() }),
  z.object({ end: z.number() }),
]);

/** The recording cannot be used; the message says why. */
export class RecordingError extends Error {
  override name = 'RecordingError';
}

type Part = 'snapshot' | 'commands' | 'end';
const fileOf = (folder: string, part: Part): string => join(folder, `${part}.jsonl`);

/** Appends to a new recording. */
export class RecordingWriter {
  readonly #folder: string;
  readonly #files = new Map<Part, FileHandle>();
  #keys = 0;
  #lines = new Map<Part, string[]>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws RecordingError when there is one of this name */
  static async create(folder: string, header: RecordingHeader): Promise<RecordingWriter> {
    if (existsSync(folder)) throw new RecordingError(`There is a recording in ${folder} already: take another name, or remove it.`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'header.json'), `${JSON.stringify({ format: FORMAT, ...header }, null, 2)}\n`, { mode: 0o600 });
    return new RecordingWriter(folder);
  }

  image(part: 'snapshot' | 'end', { key, at, ttlMs, dump }: KeyImage): void {
    this.#keys++;
    this.#add(part, { k: key, t: at, p: ttlMs, d: dump.toString('base64') });
  }

  /** All keys of the part are there. */
  closeImages(part: 'snapshot' | 'end'): void {
    this.#add(part, { keys: this.#keys });
    this.#keys = 0;
  }

  command(script: string, at: number, args: unknown): void {
    this.#add('commands', { n: script, t: at, v: args });
  }

  drawn(result: string): void {
    this.#add('commands', { r: result });
  }

  end(at: number): void {
    this.#add('commands', { end: at });
  }

  /** Brings to the disk what was added. */
  async flush(): Promise<void> {
    const parts = [...this.#lines];
    this.#lines = new Map();
    for (const [part, lines] of parts) {
      let file = this.#files.get(part);
      if (!file) {
        file = await open(fileOf(this.#folder, part), 'a', 0o600);
        this.#files.set(part, file);
      }
      await file.appendFile(`${lines.join('\n')}\n`);
      await file.datasync();
    }
  }

  async close(): Promise<void> {
    await this.flush();
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }

  #add(part: Part, line: object): void {
    const lines = this.#lines.get(part) ?? [];
    lines.push(JSON.stringify(line));
    this.#lines.set(part, lines);
  }
}

/** @throws RecordingError when there is none, or it is of another format */
export async function readHeader(folder: string): Promise<RecordingHeader> {
  const text = await readFile(join(folder, 'header.json'), 'utf8').catch((cause: unknown) => {
    throw new RecordingError(`There is no recording in ${folder}.`, { cause });
  });
  const header = headerSchema.safeParse(JSON.parse(text));
  if (!header.success) throw new RecordingError(`${folder} is a recording of another release: ${z.prettifyError(header.error)}`);
  return header.data;
}

/** The keys of a part. @throws RecordingError, after the last one, when they are not all there */
export async function* readImages(folder: string, part: 'snapshot' | 'end'): AsyncGenerator<KeyImage> {
  let count = 0;
  let closing: number | undefined;
  for await (const line of linesOf(fileOf(folder, part))) {
    const image = imageLine.safeParse(line);
    if (image.success) {
      const { k, t, p, d } = image.data;
      count++;
      yield { key: k, at: t, ttlMs: p, dump: Buffer.from(d, 'base64') };
    } else {
      closing = closingLine.safeParse(line).data?.keys;
    }
  }
  if (closing !== count) {
    const when = part === 'snapshot' ? 'before its snapshot was complete: it cannot be replayed' : 'before its end was copied';
    throw new RecordingError(`The recording stopped ${when}.`);
  }
}

/** The commands in order; then, when the recording was ended in order, its end (partition's time). */
export async function* readCommands(folder: string): AsyncGenerator<RecordedCommand | { readonly endedAt: number }> {
  let command: { script: string; at: number; args: string[]; drawn: string[] } | undefined;
  for await (const line of linesOf(fileOf(folder, 'commands'))) {
    const parsed = commandLine.parse(line);
    if ('r' in parsed) {
      command?.drawn.push(parsed.r);
      continue;
    }
    if (command) yield command;
    command = undefined;
    if ('end' in parsed) yield { endedAt: parsed.end };
    else command = { script: parsed.n, at: parsed.t, args: parsed.v, drawn: [] };
  }
  if (command) yield command;
}

async function* linesOf(file: string): AsyncGenerator<unknown> {
  if (!existsSync(file)) return;
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    try {
      yield JSON.parse(line);
    } catch (error) {
      // Torn: the recorder was killed while it wrote. Nothing comes after it.
      if (error instanceof SyntaxError) return;
      throw error;
    }
  }
}
