/**
 * A release as it was packed (`config/setup/packRelease.mjs`): its scripts, and its commands with exactly the arguments its router gave them. A node
 * of that release works on the same state as nodes of the present one (BEY-3).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from '../../../queues/scripts.ts';

interface Packed {
  readonly version: string;
  /** Every line once. */
  readonly lines: readonly string[];
  /** Runs of lines, each `from+count`; and the text's hash. */
  readonly scripts: Readonly<Record<string, { readonly sha: string; readonly runs: string }>>;
}

/** @throws when the pack's texts are not those that were packed */
export function loadRelease(version: string): ReadonlyMap<string, Script> {
  const packed = JSON.parse(readFileSync(join(import.meta.dirname, `../../queues/releases/${version}.corpus.json`), 'utf8')) as Packed;
  return new Map(
    Object.entries(packed.scripts).map(([name, { sha, runs }]) => {
      const text = runs
        .split(' ')
        .flatMap((run) => {
          const [from = 0, count = 0] = run.split('+').map(Number);
          return packed.lines.slice(from, from + count);
        })
        .join('\n');
      if (createHash('sha1').update(text).digest('hex') !== sha) throw new Error(`${name} of ${version} is not as it was packed`);
      return [name, { name, text, sha }];
    }),
  );
}

/** Arguments of a script after the four that every command has. */
export type Args = readonly (string | number)[];

/** What the router of 0.1.0 gave to its scripts, of what the present one gives: later arguments were unknown to it. */
const ARGS_0_1_0: Readonly<Record<string, number>> = {
  startInteraction: 15,
  acceptOffer: 4,
  declineOffer: 4,
  claimInteraction: 3,
  transferInteraction: 6,
  inviteParticipant: 6,
  leaveInteraction: 4,
  endInteraction: 5,
  closeInteraction: 7,
  rateInteraction: 5,
  endWrapUp: 4,
  extendWrapUp: 6,
  attachClient: 4,
  detachClient: 2,
  attachDevice: 5,
  detachDevice: 3,
  sendMessages: Number.POSITIVE_INFINITY,
  sendClaiming: 8,
  setAgentState: Number.POSITIVE_INFINITY,
  sweepPartition: 1,
  fireDeadline: 1,
  dropNode: 2,
  reconcilePartition: 2,
  applyConfig: Number.POSITIVE_INFINITY,
  markRead: 5,
};

/** @throws when 0.1.0 had no such command, or was given fewer arguments than it takes */
export function argsOf010(script: string, args: Args): Args {
  const most = ARGS_0_1_0[script];
  if (most === undefined) throw new Error(`0.1.0 had no ${script}`);
  if (Number.isFinite(most) && args.length < most) throw new Error(`${script} of 0.1.0 takes ${most} arguments`);
  return args.slice(0, most);
}
