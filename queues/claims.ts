/**
 * Detaches what a node's sockets claim in a partition (`scripts/lib/presence.lua`), a part per script, in the order of the claims' names: that in which
 * Redis gives the members of a set is its own affair. Asked for by a process that leaves (its lease) and by the worker when a node lapsed.
 */
import type { Reply, ScriptRunner } from './redis.ts';

const READ_AT_ONCE = 500;
/** As many as a script takes if they do little. */
const PART = 48;

export interface ClaimsOf {
  readonly runner: ScriptRunner;
  /** Prefix of the partition's keys. */
  readonly base: string;
  /** `node`, or `node~epoch` for an earlier epoch of one that is back. */
  readonly name: string;
  readonly epoch: string;
}

/** `run`: the script dropNode with these arguments; undefined ends it. Claims that are added meanwhile are detached as well. */
export async function dropClaims(
  { runner, base, name, epoch }: ClaimsOf,
  run: (args: readonly string[]) => Promise<Reply | undefined>,
): Promise<void> {
  const key = `${base}:n:${name.replace(/~.*$/, '')}:${epoch}`;
  for (;;) {
    const claims = await readSorted(runner, key);
    let taken = 0;
    do {
      const reply = await run([name, epoch, ...claims.slice(taken, taken + PART)]);
      if (!reply || Number(reply[1]) === 0) return;
      taken += Number(reply[2]);
    } while (taken < claims.length);
  }
}

async function readSorted(runner: ScriptRunner, key: string): Promise<string[]> {
  const claims = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await runner.retrying(() => runner.redis.sscan(key, cursor, 'COUNT', READ_AT_ONCE), key);
    for (const claim of page) claims.add(claim);
    cursor = next;
  } while (cursor !== '0');
  return [...claims].sort();
}
