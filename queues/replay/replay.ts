/**
 * Replays a recording on an empty Redis of one's own: the snapshot is put back, the partition marked virtual, and every command run again by the same
 * scripts with its recorded time, arguments and chance. What Redis itself would decide differently is given to it (`virtual.lua`): its clock for expiring
 * keys, the order of members, what it drew. One case is not exact: a key whose time ran out in the very millisecond of a command.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from '../redis.ts';
import { loadScripts } from '../scripts.ts';
import { type KeyImage, type RecordedCommand, RecordingError, readCommands, readHeader, readImages } from './recording.ts';

const BATCH = 200;
const CHANCE = 2;
const TIME = 3;

/** Runs on what is due at the end; no script of the engine's. */
const SWEEP = "redis.call('EXISTS', KEYS[1])";

export interface ReplayOptions {
  readonly folder: string;
  /** An empty database: the recording's keys are put there under their own names. */
  readonly redis: Redis;
  /** Another chance in place of the recorded one: what would have come of another draw. */
  readonly chance?: (recorded: string) => string;
}

export interface Replayed {
  /** Prefix of the partition's keys. */
  readonly base: string;
  readonly commands: number;
  /** Partition's time at the end of the recording; undefined: it was not ended in order. */
  readonly endedAt: number | undefined;
  /** Scripts of this release that are not those recorded; the outcome may differ then. */
  readonly changedScripts: readonly string[];
}

/** @throws RecordingError when it cannot be replayed or goes another way than it can follow */
export async function replayRecording({ folder, redis, chance }: ReplayOptions): Promise<Replayed> {
  const header = await readHeader(folder);
  if ((await redis.dbsize()) > 0) throw new RecordingError('A replay wants an empty Redis database.');
  const { base } = header;
  const scripts = new Scripts(redis);
  await putImages(redis, base, readImages(folder, 'snapshot'));
  await redis.hdel(`${base}:meta`, 'rec', 'ahead');
  await redis.hset(`${base}:meta`, 'virtual', '1');

  let commands = 0;
  let endedAt: number | undefined;
  let batch: RecordedCommand[] = [];
  let last = header.startedAt;
  const run = async (): Promise<void> => {
    await scripts.run(base, batch, chance);
    commands += batch.length;
    batch = [];
  };
  for await (const line of readCommands(folder)) {
    if ('endedAt' in line) endedAt = line.endedAt;
    else if (batch.push(line) >= BATCH) await run();
    last = 'at' in line ? line.at : line.endedAt;
  }
  await run();
  await scripts.sweep(base, last);
  const own = loadScripts();
  const changedScripts = Object.entries(header.scripts).filter(([name, sha]) => own.get(name)?.sha !== sha);
  return { base, commands, endedAt, changedScripts: changedScripts.map(([name]) => name) };
}

/** The state that a recording ended with, put into an empty Redis database, for comparison. @throws RecordingError when it has none */
export async function putRecordedEnd(folder: string, redis: Redis): Promise<void> {
  const { base } = await readHeader(folder);
  await putImages(redis, base, readImages(folder, 'end'));
}

/** Keys do not expire by themselves then: when they are due stands in `exp`. */
async function putImages(redis: Redis, base: string, images: AsyncGenerator<KeyImage>): Promise<void> {
  let writing: Promise<unknown>[] = [];
  for await (const { key, at, ttlMs, dump } of images) {
    writing.push(redis.restore(key, 0, dump));
    if (ttlMs >= 0) writing.push(redis.zadd(`${base}:exp`, at + ttlMs, key));
    if (writing.length < BATCH) continue;
    await Promise.all(writing);
    writing = [];
  }
  await Promise.all(writing);
}

class Scripts {
  readonly #redis: Redis;
  readonly #virtual = readFileSync(join(import.meta.dirname, 'virtual.lua'), 'utf8');
  readonly #scripts = loadScripts({ before: this.#virtual });
  readonly #loaded = new Set<string>();

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async run(base: string, commands: readonly RecordedCommand[], chance: ReplayOptions['chance']): Promise<void> {
    for (const { script } of commands) await this.#load(script);
    const pipeline = this.#redis.pipeline();
    // Which command each answer of the pipeline belongs to.
    const asked: RecordedCommand[] = [];
    for (const command of commands) {
      const { script, at, drawn } = command;
      const args = [...command.args];
      // Those that go by the clock; the others are recorded by their effect.
      if (script !== 'trimLog') {
        args[TIME] = String(at);
        if (chance) args[CHANCE] = chance(args[CHANCE] ?? '');
      }
      if (drawn.length > 0) {
        pipeline.rpush(`${base}:given`, ...drawn);
        asked.push(command);
      }
      pipeline.evalsha(this.#scripts.get(script)?.sha ?? '', 1, base, ...args);
      asked.push(command);
    }
    const answers = (await pipeline.exec()) ?? [];
    for (const [index, [error]] of answers.entries()) {
      const command = asked[index];
      if (error) throw new RecordingError(`The replay of ${command?.script} at ${command?.at} failed: ${error.message}`, { cause: error });
    }
    if (!chance && (await this.#redis.exists(`${base}:given`)) === 1) {
      throw new RecordingError('The replay went another way than the recording: something recorded was not asked for.');
    }
  }

  async sweep(base: string, at: number): Promise<void> {
    await this.#redis.eval(`${this.#virtual}${SWEEP}`, 1, base, '', '', '', String(at));
  }

  async #load(name: string): Promise<void> {
    if (this.#loaded.has(name)) return;
    const script = this.#scripts.get(name);
    if (!script) throw new RecordingError(`This release has no script ${name}: replay with the release that recorded.`);
    await this.#redis.script('LOAD', script.text);
    this.#loaded.add(name);
  }
}
