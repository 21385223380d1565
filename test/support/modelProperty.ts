/**
 * The property of the model tests: whatever is done, by whichever node, doubled, late, at once with others, with connections cut and clocks set, the
 * engine does only what the rules allow and the invariants hold. Each lane checks its share of the runs with a seed of its own; a failing run is shrunk
 * and printed with the seed and path that replay it (`MODEL_SEED`, `MODEL_PATH`) and its steps in words.
 */
import fc from 'fast-check';
import { type Lane, type Lanes, type LanesOptions, startLanes } from './model/nodes.ts';
import { type Commanded, Player, type PlayerOptions } from './model/player.ts';
import type { SceneShape, Step } from './model/steps.ts';

export interface Property extends PlayerOptions {
  readonly scene: fc.Arbitrary<SceneShape>;
  readonly step: fc.Arbitrary<Step>;
  readonly numRuns: number;
  /** Absent: another one each time. The test command plays the same runs every time; `test:fuzz` looks for new ones. */
  readonly seed?: number;
  readonly maxSteps: number;
  /** After so long no further sequence is begun. */
  readonly limitMs?: number;
}

const { MODEL_SEED, MODEL_PATH, MODEL_SHRINK } = process.env;

export { type Lanes, type LanesOptions, startLanes };

/** What was played, over all lanes. */
export interface Played extends Commanded {
  sequences: number;
}

/**
 * Plays sequences until as many are played as asked for, or the time is over.
 * @throws with the first counterexample
 */
export async function checkModel(lanes: readonly Lane[], property: Property): Promise<Played> {
  const first = Number(MODEL_SEED ?? property.seed ?? Math.floor(Math.random() * 2 ** 31));
  const used = MODEL_PATH === undefined ? lanes : lanes.slice(0, 1);
  const share = Math.ceil(property.numRuns / used.length);
  const played: Played = { sequences: 0, accepted: 0, refused: 0, lost: 0 };
  const checked = await Promise.allSettled(used.map((lane, index) => checkLane(lane, property, share, first + index, played)));
  const failures = checked.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  // The story is in the cause, which reporters show for the first alone.
  if (failures.length > 0) throw new Error(failures.map((failure) => `${failure.message}\n${String(failure.cause)}`).join('\n\n'));
  return played;
}

async function checkLane(
  lane: Lane,
  { scene, step, maxSteps, isJudgingEvents, limitMs = 540_000 }: Property,
  numRuns: number,
  seed: number,
  played: Played,
): Promise<void> {
  const steps = fc.array(step, { minLength: 5, maxLength: maxSteps, size: 'max' });
  const replay = MODEL_PATH === undefined ? { seed } : { seed, path: MODEL_PATH };
  const isHolding = fc.asyncProperty(scene, steps, async (shape, list) => {
    const player = await Player.open(lane, shape, { isJudgingEvents });
    await player.play(list);
    played.sequences++;
    for (const answer of ['accepted', 'refused', 'lost'] as const) played[answer] += player.commanded[answer];
  });
  await fc.assert(isHolding, { numRuns, ...replay, endOnFailure: MODEL_SHRINK === 'no', interruptAfterTimeLimit: limitMs });
}
