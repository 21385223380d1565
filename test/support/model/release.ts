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
export function loadRelease(version: EarlierRelease): ReadonlyMap<string, Script> {
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

/** How many arguments each command took: what the present router gives beyond them was unknown to that release. */
type Taken = Readonly<Record<string, number>>;

const ALL = Number.POSITIVE_INFINITY;
const TAKEN_0_1_0: Taken = {
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
  sendMessages: ALL,
  sendClaiming: 8,
  setAgentState: ALL,
  sweepPartition: 1,
  fireDeadline: 1,
  dropNode: 2,
  reconcilePartition: 2,
  applyConfig: ALL,
  markRead: 5,
};
const TAKEN_0_6_0: Taken = {
  ...TAKEN_0_1_0,
  startInteraction: 16,
  attachDevice: 6,
  requeueInteraction: 6,
  changeInteraction: 4,
  noteCall: 5,
};
const TAKEN = { '0.1.0': TAKEN_0_1_0, '0.6.0': TAKEN_0_6_0 };
export type EarlierRelease = keyof typeof TAKEN;

/** @throws when that release had no such command, or was given fewer arguments than it takes */
export function argsOf(release: EarlierRelease, script: string, args: Args): Args {
  const most: number | undefined = TAKEN[release][script];
  if (most === undefined) throw new Error(`${release} had no ${script}`);
  if (Number.isFinite(most) && args.length < most) throw new Error(`${script} of ${release} takes ${most} arguments`);
  return args.slice(0, most);
}
