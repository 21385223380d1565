/**
 * Records a partition: a snapshot, then every command script with its time and arguments, then the state at the end, into a folder.
 *
 * Why not an RDB of the server: it holds every account of every partition, needs a fork with as much memory, is refused by hosted Redis, and what
 * expires is lost when it is loaded later. Why not one script that dumps all keys: it blocks. So the snapshot is copied while serving goes on: from
 * one moment on a script copies a key before it touches it first, and we walk over the keys and have the others copied, 20 at a time. All copies
 * show that moment (`scripts/lib/recorded.lua`). A pause is as long as the DUMP of one key: measured 60 ms on a busy shared core for the index of a queue
 * in which 100,000 wait, once at the start and once at the end. While it copies, Redis holds the names of the keys that were copied.
 *
 * The recording holds under a lease of 10 s: when we die, scripts note no more and what they noted expires. We hold at most 500 entries in memory. All
 * processes have to be of a release whose scripts note; in a cluster the partition's slot has to stay where it is.
 * What is not in it: the shelf, the workers' holds, the log and when a session was last used; none of them decides anything.
 */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../src/base/errors.ts';
import type { Logger } from '../../src/base/log.ts';
import type { EngineCore } from '../index.ts';
import { partitionKey } from '../keys.ts';
import { answered, type Reader, untilReady } from '../redis.ts';
import { loadScripts } from '../scripts.ts';
import { RecordingError, RecordingWriter } from './recording.ts';

const LEASE_MS = 10_000;
const READ_COUNT = 500;
const BLOCK_MS = 500;
const ANSWER_MS = 3_000;
const SCAN_COUNT = 500;
const COPY_COUNT = 20;
const READY_MS = 10_000;

type RawRead = [stream: Buffer, entries: [id: Buffer, flat: Buffer[]][]][] | null;
type Phase = 'snapshot' | 'commands' | 'end' | 'done';

export interface RecordOptions {
  readonly core: EngineCore;
  readonly partition: number;
  readonly name: string;
  /** Of this recording alone; made here. */
  readonly folder: string;
  readonly log: Logger;
}

export interface RunningRecording {
  /** Resolves when the snapshot is complete. @throws what `ended` throws */
  readonly started: Promise<void>;
  /** Resolves when the recording is over: ended in order, or (`isComplete` false) lost, usable up to there. */
  readonly ended: Promise<{ readonly isComplete: boolean; readonly commands: number }>;
  /** Ends it in order: from one moment on nothing is noted, and the state of that moment is copied. */
  stop(): void;
}

/** @throws RecordingError when the name is taken or the partition is being recorded */
export async function startRecording(options: RecordOptions): Promise<RunningRecording> {
  const { core, partition, name, folder } = options;
  const base = partitionKey(core.prefix, partition);
  const recorder = new Recorder(options, base);
  const startedAt = await recorder.begin();
  try {
    const info = String(await core.runner.retrying(() => core.runner.redis.info('server')));
    const writer = await RecordingWriter.create(folder, {
      name,
      partition,
      base,
      startedAt,
      redisVersion: /^redis_version:(.*?)\r?$/m.exec(info)?.[1] ?? '',
      scripts: Object.fromEntries([...loadScripts()].map(([script, { sha }]) => [script, sha])),
    });
    return recorder.run(writer);
  } catch (error) {
    await recorder.forget();
    throw error;
  }
}

class Recorder {
  readonly #core: EngineCore;
  readonly #base: string;
  readonly #log: Logger;
  readonly #id = randomBytes(6).toString('hex');
  /** To the server that has the partition: keys are walked over there, too. */
  readonly #reader: Reader;
  #lastId = '0-0';
  #phase: Phase = 'snapshot';
  #commands = 0;
  #isStopping = false;
  #keptAt = performance.now();

  constructor({ core, partition, log }: RecordOptions, base: string) {
    this.#core = core;
    this.#base = base;
    this.#log = log;
    this.#reader = core.connect('recorder', partition);
  }

  async begin(): Promise<number> {
    try {
      await untilReady(this.#reader, READY_MS);
      const reply = await this.#ask('begin');
      if (reply[0] !== 'ok') throw new RecordingError('This partition is being recorded already.');
      return Number(reply[1]);
    } catch (error) {
      this.#reader.disconnect();
      throw error;
    }
  }

  run(writer: RecordingWriter): RunningRecording {
    const started = Promise.withResolvers<void>();
    const ended = this.#run(writer, started.resolve).finally(() => this.#reader.disconnect());
    ended.catch(started.reject);
    started.promise.catch(() => undefined);
    return {
      started: started.promise,
      ended,
      stop: () => {
        this.#isStopping = true;
      },
    };
  }

  async forget(): Promise<void> {
    await this.#ask('stop').catch(() => undefined);
    this.#reader.disconnect();
  }

  async #run(writer: RecordingWriter, onStarted: () => void): Promise<{ isComplete: boolean; commands: number }> {
    try {
      let isHeld = await this.#copyAll(writer);
      if (isHeld) {
        onStarted();
        this.#log.info({ base: this.#base }, 'recording.started');
      }
      while (isHeld && !this.#isStopping) isHeld = await this.#turn(writer);
      if (isHeld) isHeld = (await this.#ask('end'))[0] === 'ok' && (await this.#copyAll(writer));
      // What was noted before the recording was lost still stands for a while.
      if (!isHeld) while ((await this.#drain(writer, 0)) > 0);
      await this.#ask('stop');
      if (this.#phase === 'snapshot') throw new RecordingError('The recording was lost before its snapshot was complete.');
      return { isComplete: isHeld && this.#phase === 'done', commands: this.#commands };
    } finally {
      await writer.close();
    }
  }

  /** Copies every key that no script has touched since the moment. @returns whether the recording still holds */
  async #copyAll(writer: RecordingWriter): Promise<boolean> {
    const after = this.#phase === 'snapshot' ? 'commands' : 'done';
    let cursor = '0';
    do {
      const [next, keys] = await this.#core.runner.retrying(() =>
        this.#reader.scan(cursor, 'MATCH', `${this.#base}:*`, 'COUNT', SCAN_COUNT),
      );
      cursor = next;
      for (let from = 0; from < keys.length; from += COPY_COUNT) {
        if ((await this.#ask('copy', keys.slice(from, from + COPY_COUNT)))[0] !== 'ok') return false;
        // The stream never holds more than a few turns of ours and what scripts note meanwhile.
        while ((await this.#drain(writer, 0)) > 0);
      }
      if (!(await this.#keep())) return false;
    } while (cursor !== '0');
    if ((await this.#ask('copied'))[0] !== 'ok') return false;
    while (this.#phase !== after) await this.#drain(writer, BLOCK_MS);
    return true;
  }

  async #turn(writer: RecordingWriter): Promise<boolean> {
    await this.#drain(writer, BLOCK_MS);
    return this.#keep();
  }

  async #keep(): Promise<boolean> {
    if (performance.now() - this.#keptAt < LEASE_MS / 5) return true;
    this.#keptAt = performance.now();
    return (await this.#ask('keep'))[0] === 'ok';
  }

  /** Brings what stands in the stream to the disk, then removes it. @returns how many entries */
  async #drain(writer: RecordingWriter, blockMs: number): Promise<number> {
    const key = `${this.#base}:rec`;
    const block = blockMs > 0 ? ['BLOCK', blockMs] : [];
    const read = () => this.#reader.callBuffer('XREAD', 'COUNT', READ_COUNT, ...block, 'STREAMS', key, this.#lastId) as Promise<RawRead>;
    const [stream] = (await this.#core.runner.retrying(() => answered(this.#reader, blockMs + ANSWER_MS, read()))) ?? [];
    const entries = stream?.[1] ?? [];
    for (const [, flat] of entries) this.#take(writer, flat);
    const last = entries.at(-1)?.[0].toString();
    if (last === undefined) return 0;
    await writer.flush();
    this.#lastId = last;
    const [ms = '0', seq = '0'] = last.split('-');
    await this.#core.runner.retrying(() => this.#core.runner.redis.xtrim(key, 'MINID', `${ms}-${Number(seq) + 1}`));
    return entries.length;
  }

  #take(writer: RecordingWriter, flat: readonly Buffer[]): void {
    const [kind, first = '', , second = '', , third = ''] = flat.map((part, at) => (at === 7 ? '' : part.toString()));
    switch (kind) {
      case 'n':
        this.#commands++;
        return writer.command(first, Number(second), JSON.parse(third));
      case 'r':
        return writer.drawn(first);
      case 'k':
        return writer.image(this.#phase === 'snapshot' ? 'snapshot' : 'end', {
          key: first,
          at: Number(second),
          ttlMs: Number(third),
          dump: flat[7] ?? Buffer.alloc(0),
        });
      case 'copied':
        writer.closeImages(this.#phase === 'snapshot' ? 'snapshot' : 'end');
        this.#phase = this.#phase === 'snapshot' ? 'commands' : 'done';
        return;
      case 'end':
        this.#phase = 'end';
        return writer.end(Number(first));
      default:
        return;
    }
  }

  async #ask(what: string, keys: readonly string[] = []): Promise<readonly unknown[]> {
    const reply = await this.#core.runner.run('recordPartition', this.#base, ['', '', '', '', what, this.#id, LEASE_MS, ...keys]);
    if (!Array.isArray(reply)) throw new AppError('internal', { detail: 'recordPartition gave no answer.' });
    return reply;
  }
}
