/** VID-2: the lines of a conversation that tell when there was video in it: from when both sides were in to its end. Pure. */
import type { RoomView } from '../../protocol/video.ts';
import { lasting } from '../ui/time.ts';

export type CallNotice =
  | { readonly kind: 'callBegan'; readonly off: number; readonly at: number; readonly medium: RoomView['kind'] }
  | { readonly kind: 'callEnded'; readonly off: number; readonly at: number; readonly since: number };

/** The notices with those of the room as it is now; those of earlier rooms stay. A room is told again and again, its lines are not. */
export function withCall<Notice extends { readonly kind: string; readonly at: number }>(
  notices: readonly Notice[],
  room: RoomView | undefined,
): readonly (Notice | CallNotice)[] {
  if (room?.openedAt === undefined) return notices;
  const { openedAt, endedAt, kind } = room;
  const lines: CallNotice[] = [{ kind: 'callBegan', off: 0, at: openedAt, medium: kind }];
  if (endedAt !== undefined) lines.push({ kind: 'callEnded', off: 0, at: endedAt, since: openedAt });
  const missing = lines.filter((line) => !notices.some((known) => known.kind === line.kind && known.at === line.at));
  return missing.length > 0 ? [...notices, ...missing] : notices;
}

type CallKey = 'notice.call.video' | 'notice.call.audio' | 'notice.call.ended';

export function callNoticeText(
  notice: CallNotice,
  t: (key: CallKey, params?: Readonly<Record<string, string>>) => string,
  language: string,
): string {
  if (notice.kind === 'callBegan') return t(`notice.call.${notice.medium}`);
  return t('notice.call.ended', { time: lasting(notice.since, notice.at, language) });
}
