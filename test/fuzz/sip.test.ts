/** SIP of any shape at length: `npm run test:fuzz`. `FUZZ_RUNS` asks for more or fewer messages, ten each; `FUZZ_SEED` plays one seed again. */
import { expect, test } from 'vitest';
import { meetStrangers } from '../edge/support/strangers.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

test.each([SEED, SEED + 1, SEED + 2])('Safety: the edge comes through strangers with seed %i', async (seed) => {
  await expect(meetStrangers({ messages: 10 * RUNS, seed })).resolves.toBeUndefined();
});
