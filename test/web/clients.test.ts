/** The parts of the browser clients that decide, without a browser: feeds, outbox, order of rows, links. */
import { describe, expect, test } from 'vitest';
import { type Piece, piecesOf } from '../../src/web/conversation/links.ts';
import { sorted } from '../../src/web/desk/rows.ts';
import { waitBeforeAttemptMs } from '../../src/web/socket/backoff.ts';
import { CommandError } from '../../src/web/socket/commandError.ts';
import { FeedSubscription } from '../../src/web/socket/feedSubscription.ts';
import { Outbox, type OutboxItem } from '../../src/web/socket/outbox.ts';
import type { Cursor, EventFrame, InteractionView, SubscribeReply } from '../../src/web/socket/wire.ts';
import { textOn } from '../../src/web/widget/appearance.ts';
import { until } from '../support/services.ts';

const FEED = 'conversation:int_00000000000000000000000000';

/** A feed whose server answers as told; notes what was asked and what arrived. */
function feedOn(answer: (cursor: Cursor | undefined) => SubscribeReply) {
  const asked: (Cursor | undefined)[] = [];
  const seen: number[] = [];
  let snapshots = 0;
  const ask = async (_: string, cursor: Cursor | undefined): Promise<SubscribeReply> => {
    asked.push(cursor);
    return answer(cursor);
  };
  const handlers = { onSnapshot: () => void snapshots++, onEvent: (_: unknown, off: number) => void seen.push(off) };
  const subscription = new FeedSubscription(FEED, handlers, ask, () => undefined);
  return { subscription, asked, seen, snapshots: () => snapshots };
}
const snapshotAt = (off: number): SubscribeReply => ({
  mode: 'snapshot',
  feed: FEED,
  cursor: { epoch: 'a', off },
  snapshot: { kind: 'queue', interactions: [] },
});
const frame = (prev: number, off: number, epoch = 'a'): EventFrame => ({
  t: 'event',
  feed: FEED,
  epoch,
  prev,
  off,
  event: { type: 'row.removed', at: 0, interaction: 'int_00000000000000000000000000' },
});

describe('API-2 a feed', () => {
  test('passes each event on once, in order; what was seen already is dropped', async () => {
    const feed = feedOn(() => snapshotAt(3));
    await feed.subscription.resume();
    for (const [prev, off] of [
      [2, 3],
      [3, 4],
      [3, 4],
      [4, 7],
      [1, 2],
    ] as const)
      feed.subscription.take(frame(prev, off));
    expect(feed.seen).toEqual([4, 7]);
    expect(feed.asked).toEqual([undefined]);
  });

  test('notices a gap by prev and asks to go on from its own cursor, once', async () => {
    const feed = feedOn((cursor) => (cursor ? { mode: 'resumed', feed: FEED, cursor } : snapshotAt(3)));
    await feed.subscription.resume();
    feed.subscription.take(frame(5, 6));
    feed.subscription.take(frame(6, 7));
    await until(() => feed.asked.length === 2);
    for (const [prev, off] of [
      [3, 5],
      [5, 6],
      [6, 7],
    ] as const)
      feed.subscription.take(frame(prev, off));
    expect(feed.asked[1]).toEqual({ epoch: 'a', off: 3 });
    expect(feed.seen).toEqual([5, 6, 7]);
  });

  test('loads again when the epoch is another one', async () => {
    let epoch = 'a';
    const feed = feedOn(() => ({ ...snapshotAt(3), cursor: { epoch, off: 3 } }) as SubscribeReply);
    await feed.subscription.resume();
    epoch = 'b';
    feed.subscription.take(frame(3, 4, 'b'));
    await until(() => feed.snapshots() === 2);
    feed.subscription.take(frame(3, 4, 'b'));
    expect(feed.seen).toEqual([4]);
  });
});

describe('CHT-18 the outbox', () => {
  test('sends one after the other, keeps the order, and gives way to what arrived in the feed', async () => {
    const sent: string[] = [];
    let release: (() => void) | undefined;
    const outbox = new Outbox({
      send: async ({ text }) => {
        sent.push(text);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return { off: sent.length };
      },
    });
    for (const text of ['one', 'two']) outbox.add({ conversation: 'c', text });
    await until(() => sent.length === 1);
    expect(outbox.items.value.map(({ state }) => state)).toEqual(['sending', 'sending']);
    release?.();
    await until(() => sent.length === 2);
    release?.();
    await until(() => outbox.items.value.every(({ state }) => state === 'sent'));
    expect(sent).toEqual(['one', 'two']);
    outbox.confirm('c', [{ mid: 'another', off: 1 }]);
    expect(outbox.items.value.map(({ text }) => text)).toEqual(['two']);
  });

  test('keeps what was refused, with the reason, and sends it again under the same id', async () => {
    const tried: string[] = [];
    const failed: OutboxItem[] = [];
    const outbox = new Outbox({
      send: async ({ mid }) => {
        tried.push(mid);
        if (tried.length === 1) throw new CommandError({ code: 'already_taken', text: '', isRetryable: false, owner: 'Anna' });
        return { off: 9 };
      },
      onFailed: (item) => failed.push(item),
    });
    const { mid } = outbox.add({ conversation: 'c', text: 'mine' });
    await until(() => failed.length === 1);
    expect(failed[0]).toMatchObject({ state: 'failed', code: 'already_taken', owner: 'Anna', text: 'mine' });
    outbox.retry(mid);
    await until(() => outbox.items.value[0]?.state === 'sent');
    expect(tried).toEqual([mid, mid]);
  });
});

test('CHT-2 rows: unanswered first, longest waiting on top, then the last activity; the switch sorts by last message only', () => {
  const row = (id: string, at: number, unansweredSince?: number) =>
    ({
      id,
      state: 'served',
      createdAt: 0,
      lastMessage: { at, text: '', role: 'agent' },
      isUnanswered: unansweredSince !== undefined,
      unansweredSince,
    }) as unknown as InteractionView;
  const rows = [row('answered', 90), row('waits shortly', 100, 80), row('waits long', 50, 10), row('answered lately', 95)];
  const ids = (byLastMessage: boolean): string[] => sorted(rows, byLastMessage).map(({ id }) => id);
  expect(ids(false)).toEqual(['waits long', 'waits shortly', 'answered lately', 'answered']);
  expect(ids(true)).toEqual(['waits shortly', 'answered lately', 'answered', 'waits long']);
});

test.each<[string, Piece[]]>([
  ['see https://a.example/x?y=1.', [{ text: 'see ' }, { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' }, { text: '.' }]],
  ['(www.a.example)', [{ text: '(' }, { text: 'www.a.example', href: 'https://www.a.example' }, { text: ')' }]],
  ['mail anna@a.example!', [{ text: 'mail ' }, { text: 'anna@a.example', href: 'mailto:anna@a.example' }, { text: '!' }]],
  ['javascript:alert(1) <b>', [{ text: 'javascript:alert(1) <b>' }]],
])('CHT-18 only web and mail addresses become links: %s', (text, pieces) => {
  expect(piecesOf(text)).toEqual(pieces);
});

test('WID-6 waits between attempts grow, are spread, and never pass half a minute', () => {
  expect(waitBeforeAttemptMs(0, 0)).toBeLessThan(waitBeforeAttemptMs(0, 0.99));
  expect(waitBeforeAttemptMs(0, 0.99)).toBeLessThan(600);
  expect(waitBeforeAttemptMs(99, 0.99)).toBeLessThanOrEqual(30_000);
});

test('GRP-4 text on a chosen colour is the one of black and white that reads better', () => {
  expect([textOn('#0f766e'), textOn('#ffd54a'), textOn('#000000')]).toEqual(['#ffffff', '#000000', '#ffffff']);
});
