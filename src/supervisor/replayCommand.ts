/**
 * `npm run replay -- …`: records what a partition of a running center goes through, and replays it (BEY-2). A recording is a folder under
 * DATA_DIR/recordings, readable by its owner only: it holds what the partition holds, people's messages included. Replays run on a private Redis that is
 * removed afterwards; the center is not touched.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { EnvError, loadEnv } from '../../config/env.ts';
import { createEngine } from '../../queues/index.ts';
import {
  canonicalState,
  type Difference,
  differences,
  openScratch,
  putRecordedEnd,
  RecordingError,
  replayRecording,
  startRecording,
} from '../../queues/replay/index.ts';
import { AppError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import { openDataDir } from './dataDir.ts';
import { addressesOf } from './embedded.ts';
import { freePort } from './freePort.ts';
import { RedisServer } from './redisServer.ts';

const WRONG_USE = 64;
const STOP_LOOK_MS = 500;
const LINE_CHARS = 300;

const USAGE = `usage:
  npm run replay -- record NAME --account acc_…   records the account's partition until Ctrl-C, or "stop", or --for SECONDS
  npm run replay -- record NAME --partition 0-63
  npm run replay -- stop NAME                     ends the recording NAME that runs on this machine
  npm run replay -- run NAME [--out FILE]         replays it and prints the digest of where it ended; --out: the whole state, a line per key
  npm run replay -- run NAME --chance TEXT        the same with other draws, made from TEXT
  npm run replay -- compare NAME                  replays it and compares the end with the recorded one; exit code 1 when they differ

Recordings stand in DATA_DIR/recordings/NAME and hold people's messages. A recorder that is killed leaves what it wrote: it can be
replayed, but has no end to compare with.`;

const options = {
  account: { type: 'string' },
  partition: { type: 'string' },
  for: { type: 'string' },
  out: { type: 'string' },
  chance: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

try {
  process.exitCode = await run();
} catch (error) {
  console.error(explanation(error));
  process.exitCode = 1;
}

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({ args: process.argv.slice(2), options, allowPositionals: true });
  const [what, name = ''] = positionals;
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) {
    console.error(what && name ? `${USAGE}\n\nA name has small letters, digits and hyphens.` : USAGE);
    return WRONG_USE;
  }
  const env = loadEnv();
  const dataDir = openDataDir(env.DATA_DIR);
  const folder = join(dataDir, 'recordings', name);
  switch (what) {
    case 'record':
      return record();
    case 'stop':
      if (!existsSync(folder)) throw new RecordingError(`There is no recording in ${folder}.`);
      writeFileSync(join(folder, 'stop'), '');
      return 0;
    case 'run':
      return replay(folder, values);
    case 'compare':
      return replay(folder, values, true);
    default:
      console.error(USAGE);
      return WRONG_USE;
  }

  async function record(): Promise<number> {
    const servers = addressesOf(env, dataDir);
    if (!servers) {
      console.error('No center has run with this DATA_DIR yet: start it first (npm start), or set REDIS_URL and DATABASE_URL.');
      return 1;
    }
    const log = createLogger('replay', 'error');
    const engine = await createEngine({ redisUrl: servers.redisUrl, nodeId: `replay-${process.pid}`, log });
    try {
      const partition = values.partition
        ? Number(values.partition)
        : (await engine.config.scopeOf((values.account ?? '') as never))?.partition;
      if (partition === undefined || !Number.isInteger(partition) || partition < 0 || partition > 63) {
        console.error(values.account ? 'There is no such account.' : USAGE);
        return values.account ? 1 : WRONG_USE;
      }
      const recording = await startRecording({ core: engine.core, partition, name, folder, log });
      const over = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => recording.stop());
      void stopWhenAsked(recording.stop, Number(values.for ?? Number.POSITIVE_INFINITY) * 1_000, over.signal);
      await recording.started.then(() => console.log(`recording partition ${partition} into ${folder}`));
      const { isComplete, commands } = await recording.ended.finally(() => over.abort());
      console.log(
        isComplete ? `recorded ${commands} commands` : `the recording was lost after ${commands} commands; it is usable up to there`,
      );
      return isComplete ? 0 : 1;
    } finally {
      await engine.close('done');
    }
  }

  async function stopWhenAsked(stop: () => void, forMs: number, over: AbortSignal): Promise<void> {
    const started = performance.now();
    while (!over.aborted) {
      if (performance.now() - started > forMs || existsSync(join(folder, 'stop'))) return stop();
      await wait(STOP_LOOK_MS);
    }
  }
}

async function replay(
  folder: string,
  values: { chance?: string | undefined; out?: string | undefined },
  isComparing = false,
): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'centralino-replay-'));
  const log = createLogger('replay', 'error');
  const server = await RedisServer.start({ dir, port: await freePort(), password: 'replay', onLine: () => undefined });
  const scratch = await openScratch(server.url, log);
  try {
    const { chance: seed } = values;
    const chance = (recorded: string): string =>
      createHash('sha256').update(`${seed}${recorded}`).digest('base64url').slice(0, recorded.length);
    const replayed = await replayRecording({ folder, redis: scratch.replay, ...(seed === undefined ? {} : { chance }) });
    const { base, commands, endedAt, changedScripts } = replayed;
    if (changedScripts.length > 0) console.log(`recorded with other versions of these scripts: ${changedScripts.join(', ')}`);
    const lines: string[] = [];
    for await (const { line } of canonicalState(scratch.replay, base)) lines.push(line);
    if (values.out) writeFileSync(values.out, `${lines.join('\n')}\n`, { mode: 0o600 });
    const digest = createHash('sha256').update(lines.join('\n')).digest('hex');
    console.log(`${commands} commands, ${lines.length} keys at the end, ${digest}`);
    if (!isComparing) return 0;
    if (endedAt === undefined) throw new RecordingError('The recording was not ended in order: there is no end to compare with.');
    await putRecordedEnd(folder, scratch.end);
    const found = await differences(canonicalState(scratch.end, base), canonicalState(scratch.replay, base));
    for (const difference of found) tell(difference);
    console.log(found.length === 0 ? 'equal to the recorded end' : 'NOT equal to the recorded end');
    return found.length === 0 ? 0 : 1;
  } finally {
    scratch.close();
    await server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

function tell({ name, left, right }: Difference): void {
  console.log(`${name}\n  recorded ${left?.slice(0, LINE_CHARS) ?? '(none)'}\n  replayed ${right?.slice(0, LINE_CHARS) ?? '(none)'}`);
}

/** What a person can mend, in one message; a fault with its stack. */
function explanation(error: unknown): string {
  if (error instanceof RecordingError || error instanceof EnvError) return error.message;
  if (error instanceof AppError && error.code === 'unavailable') return `${error.message} Is the center running?`;
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
    ? `${error.message}\n\n${USAGE}`
    : (error.stack ?? error.message);
}
