/**
 * The counting part of the scripts on its own: tests call its functions one by one, at the times they choose, on a partition marked virtual.
 * The indexes it reads (who waits, who is ready) are the tests' to write, through the same pipeline.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningEngine } from '../../queues/index.ts';

const LIB = join(import.meta.dirname, '../../queues/scripts/lib');
const part = (name: string): string =>
  readFileSync(join(LIB, `${name}.lua`), 'utf8').replace(/^-- @include (\w+)$/gm, (_, included: string) => part(included));

const SCRIPT = `${part('clock')}
local function number(text) return tonumber(text or '0') or 0 end
${part('stats')}
call('HSET', B .. ':meta', 'now', now)
local what = ARGV[1]
if what == 'track' then return trackAgent(ARGV[2], ARGV[3] == '1', ARGV[5] == '1') end
local count = ({ entered = countEntered, answered = countAnswered, abandoned = countAbandoned, handled = countHandled })[what]
if what == 'entered' then countEntered(ARGV[2], ARGV[3], now, '') else count(ARGV[2], ARGV[3], tonumber(ARGV[5])) end
return call('HGET', B .. ':i:' .. ARGV[2], 'ew')
`;
const SHA = createHash('sha1').update(SCRIPT).digest('hex');

export type Counted = 'entered' | 'answered' | 'abandoned' | 'handled';

export type Pipeline = ReturnType<RunningEngine['core']['runner']['redis']['pipeline']>;

export interface Counting {
  readonly prefix: string;
  /** Adds one count to the pipeline; its answer is the estimate that the interaction was given when it entered, or ''. */
  count(pipeline: Pipeline, what: Counted, at: number, interaction: string, queue: string, ms?: number): void;
  track(pipeline: Pipeline, at: number, agent: string, isHolding: boolean, isOnline: boolean): void;
}

export async function startCounting(engine: RunningEngine, partition: number): Promise<Counting> {
  const prefix = `${engine.core.prefix}{p${partition}}`;
  const { redis } = engine.core.runner;
  await redis.hset(`${prefix}:meta`, 'virtual', 1);
  await redis.script('LOAD', SCRIPT);
  return {
    prefix,
    count: (pipeline, what, at, interaction, queue, ms = 0) => pipeline.evalsha(SHA, 1, prefix, what, interaction, queue, at, ms),
    track: (pipeline, at, agent, isHolding, isOnline) =>
      pipeline.evalsha(SHA, 1, prefix, 'track', agent, isHolding ? 1 : 0, at, isOnline ? 1 : 0),
  };
}
