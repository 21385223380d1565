/**
 * The counting part of the scripts on its own: tests call its functions one by one, at the times they choose, on a partition marked virtual.
 * The indexes it reads (who waits, who is ready) are the tests' to write, through the same pipeline.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningEngine } from '../../queues/index.ts';

const LIB = join(import.meta.dirname, '../../queues/scripts/lib');

function parts(names: readonly string[]): string {
  const known = new Set<string>();
  const read = (name: string): string => {
    if (known.has(name)) return '';
    known.add(name);
    return readFileSync(join(LIB, `${name}.lua`), 'utf8').replace(/^-- @include (\w+)$/gm, (_, included: string) => read(included));
  };
  return names.map(read).join('\n');
}

const SCRIPT = `local SCRIPT = 'count'
${parts(['clock', 'rows', 'stats'])}
call('HSET', B .. ':meta', 'now', now)
local what, id, queue, ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])
if what == 'entered' then
  countEntered(id, queue, now, '')
elseif what == 'answered' then
  countAnswered(id, queue, ms)
elseif what == 'abandoned' then
  countAbandoned(id, queue, ms)
else
  countHandled(id, queue, ms)
end
local estimated = fields(id, 'ew')[1]
finish()
return estimated
`;
const SHA = createHash('sha1').update(SCRIPT).digest('hex');

export type Counted = 'entered' | 'answered' | 'abandoned' | 'handled';

export type Pipeline = ReturnType<RunningEngine['core']['runner']['redis']['pipeline']>;

export interface Counting {
  readonly prefix: string;
  /** Adds one count to the pipeline; its answer is the estimate that the interaction was given when it entered, or ''. */
  count(pipeline: Pipeline, what: Counted, at: number, interaction: string, queue: string, ms?: number): void;
}

export async function startCounting(engine: RunningEngine, partition: number): Promise<Counting> {
  const prefix = `${engine.core.prefix}{p${partition}}`;
  const { redis } = engine.core.runner;
  await redis.hset(`${prefix}:meta`, 'virtual', 1);
  await redis.script('LOAD', SCRIPT);
  return {
    prefix,
    count: (pipeline, what, at, interaction, queue, ms = 0) => pipeline.evalsha(SHA, 1, prefix, what, interaction, queue, at, ms),
  };
}
