/** SPEC Safety: SIP of any shape cannot crash, hang or leak; in short. At length: test/fuzz. */
import { expect, test } from 'vitest';
import { meetStrangers } from './support/strangers.ts';

test.each([1, 2, 3])('Safety: strangers send SIP of any shape, and the edge serves and forgets (seed %i)', async (seed) => {
  await expect(meetStrangers({ messages: 600, seed })).resolves.toBeUndefined();
});
