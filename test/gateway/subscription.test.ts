/** The rule of a subscription, over every order in which a read and the tail can meet (API-2). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Shown, Subscription } from '../../src/gateway/subscription.ts';

const event = (off: number): Shown => ({ off, json: () => `{"n":${off}}` });

describe('API-2 a subscription', () => {
  test('API-2 whatever the read and the tail bring, and in whatever order, each event after the cursor is pushed once, in order, naming the one before', () => {
    const scene = fc.record({
      /** Where the client stands, how far the first read reached, how far a later one did, and how many events there are. */
      offs: fc.tuple(fc.nat(12), fc.nat(12), fc.nat(12), fc.nat(12)).map(([cursor, first, second, rest]) => {
        const upTo = cursor + first;
        return { cursor, upTo, again: upTo + second, last: upTo + second + rest };
      }),
      /** From which event on the tail is heard before, and after, the read; it may repeat what the read had. */
      heardEarly: fc.nat(30),
      heardLate: fc.nat(30),
      hidden: fc.uniqueArray(fc.nat(50), { maxLength: 5 }),
      isGapped: fc.boolean(),
    });
    fc.assert(
      fc.property(scene, ({ offs: { cursor, upTo, again, last }, heardEarly, heardLate, hidden, isGapped }) => {
        const pushed: { prev: number; off: number }[] = [];
        const subscription = new Subscription(
          'conversation:x',
          { accountId: 'acc' as never, partition: 0 },
          { memberId: 'me', push: (frame) => pushed.push(JSON.parse(String(frame))), follows: () => false },
          { kind: 'visitor', id: 'me' },
        );
        const shown = (off: number): Shown => (hidden.includes(off) ? { off, json: () => undefined } : event(off));
        const range = (from: number, to: number): Shown[] =>
          Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => shown(from + index));
        // While the read is under way the tail tells some of what the read will bring, and of what lies behind it.
        const early = Math.min(last, upTo + (heardEarly % 7));
        for (const each of range(Math.max(1, Math.min(early - heardEarly, upTo + 1)), early)) subscription.show(each);
        subscription.begin({ epoch: 'e', off: cursor });
        subscription.goLive(range(cursor + 1, upTo), upTo);
        const reached = Math.max(upTo, early);
        if (isGapped) {
          subscription.hold();
          for (const each of range(Math.max(1, again + 1 - heardLate), last)) subscription.show(each);
          const { off } = subscription.position ?? { off: 0 };
          subscription.goLive(range(off + 1, Math.max(off, again)), Math.max(off, again));
        }
        for (const each of range(Math.max(1, reached + 1 - heardLate), last)) subscription.show(each);
        const wanted = range(cursor + 1, last)
          .map(({ off }) => off)
          .filter((off) => !hidden.includes(off));
        expect(pushed.map(({ off }) => off)).toEqual(wanted);
        expect(pushed.map(({ prev }) => prev)).toEqual([cursor, ...wanted].slice(0, wanted.length));
      }),
      { numRuns: 500, seed: 20_261_121 },
    );
  });
});
