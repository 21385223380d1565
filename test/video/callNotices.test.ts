/** The lines that a conversation shows of video in it, as rooms are told: again and again, whole. */
import { expect, test } from 'vitest';
import type { RoomView } from '../../src/protocol/video.ts';
import { type CallNotice, callNoticeText, withCall } from '../../src/web/conversation/callNotices.ts';
import { sharedEn } from '../../src/web/i18n/shared.en.ts';

const T = Date.UTC(2026, 4, 4, 10);
const room = (more: Partial<RoomView>): RoomView => ({
  interaction: 'int_x',
  kind: 'video',
  state: 'open',
  startedBy: { role: 'agent', name: 'Anna' },
  peers: [],
  startedAt: T,
  epoch: 'e',
  version: 1,
  ...more,
});
const said = (notice: CallNotice): string =>
  callNoticeText(notice, (key, params = {}) => sharedEn[key].replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? ''), 'en');

test('VID-2 a call has a line where it begins and one where it ends, each once, and those of the call before stay', () => {
  let notices: readonly CallNotice[] = [];
  const told: Partial<RoomView>[] = [
    { state: 'invited' },
    { openedAt: T + 1_000 },
    { openedAt: T + 1_000, version: 2 },
    { state: 'ended', openedAt: T + 1_000, endedAt: T + 181_000 },
    { state: 'ended', openedAt: T + 1_000, endedAt: T + 181_000 },
    { state: 'ended', startedAt: T + 200_000, endedAt: T + 210_000 },
    { startedAt: T + 300_000, openedAt: T + 301_000, kind: 'audio' },
  ];
  for (const view of told) notices = withCall(notices, room(view));
  expect(notices.map((notice) => [notice.at - T, said(notice)])).toEqual([
    [1_000, 'Video call began'],
    [181_000, 'Call ended after 3m'],
    [301_000, 'Audio call began'],
  ]);
  expect(withCall(notices, undefined)).toBe(notices);
});
