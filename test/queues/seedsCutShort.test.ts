/**
 * What failing seeds of the model have shown where every search for what a freed agent is given goes on script by script: their steps, shrunk, played
 * and judged as the model does.
 */
import { afterAll, beforeAll, test } from 'vitest';
import { type Lane, type Lanes, startLanes } from '../support/model/nodes.ts';
import { Player } from '../support/model/player.ts';
import type { SceneShape, SingleStep } from '../support/model/steps.ts';

let lanes: Lanes;
beforeAll(async () => {
  lanes = await startLanes({ lanes: 1, nodes: ['short', 'present'] });
});
afterAll(() => lanes.close());

const on = { node: 0 };
const plain = { ...on, contact: 0, medium: undefined, required: [], preferred: [], priority: 0 as const, isWatched: true };
const start = (queue: number, agoMs: 0 | 100_000 = 0): SingleStep => ({ ...plain, do: 'start', queue, agoMs });
const passing: SingleStep = { ...on, do: 'pass', ms: 70_000 };

async function play(scene: Omit<SceneShape, 'canSignInAnywhere'>, steps: readonly SingleStep[]): Promise<void> {
  const player = await Player.open(lanes.lanes[0] as Lane, { ...scene, canSignInAnywhere: false }, { isJudgingEvents: true });
  await player.play(steps);
}

// 1063221055: both offers ran out, and all that was left for the agent were these two: what the script kept was read and kept again without end.
test('INV-6 RTE-6 a search of which only missed ones are left comes to its end', async () => {
  await play({ queues: [{ mode: 'round_robin' }], agents: [{ capacity: 2, in: [0] }] }, [start(0), start(0), passing]);
});

// 2080814455: the search had begun when what had waited longest came back from another agent. By the model it was passed over: it was too strict.
test('INV-8 RTE-1 the score decides over what waited when the search began', async () => {
  const scene = {
    queues: [{ mode: 'longest_idle' as const }, { mode: 'round_robin' as const }],
    agents: [
      { capacity: 3, in: [0, 1] },
      { capacity: 2, in: [1] },
    ],
  };
  const accept: SingleStep = { ...on, do: 'accept', offer: 1, agent: 0 };
  await play(scene, [start(0), start(0), accept, start(0), start(0), start(0), start(1, 100_000), passing]);
});
