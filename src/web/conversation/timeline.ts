/** Turns messages, notices and what is on its way into the lines that a conversation shows: days, groups of one author, notices. Pure. */
import type { OutboxItem } from '../socket/outbox.ts';
import type { Message } from '../socket/wire.ts';
import type { Notice } from './conversation.ts';

export interface Bubble {
  readonly key: string;
  readonly at: number;
  readonly text: string;
  readonly file?: Message['file'];
  /** Present once the server has it. */
  readonly off?: number;
  /** Present while it is on its way or failed. */
  readonly pending?: OutboxItem;
}

export type Line =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'notice'; readonly key: string; readonly notice: Notice }
  | { readonly kind: 'system'; readonly key: string; readonly at: number; readonly text: string; readonly about: string }
  | {
      readonly kind: 'group';
      readonly key: string;
      readonly from: Message['from'];
      readonly isMine: boolean;
      readonly isNote: boolean;
      readonly bubbles: readonly Bubble[];
    };

const GROUP_MS = 3 * 60_000;

interface Source {
  readonly at: number;
  readonly from: Message['from'];
  readonly isMine: boolean;
  readonly isNote: boolean;
  readonly bubble: Bubble;
}

/** `isMine` says on which side a message stands; `me` is who the pending ones are from. */
export function timeline(
  messages: readonly Message[],
  notices: readonly Notice[],
  pending: readonly OutboxItem[],
  me: Message['from'],
  isMine: (message: Message) => boolean,
): Line[] {
  const sources: (Source | Notice)[] = [
    ...messages.map(
      (message): Source => ({
        at: message.at,
        from: message.from,
        isMine: isMine(message),
        isNote: message.visibility === 'staff',
        bubble: {
          key: message.mid || String(message.off),
          at: message.at,
          text: message.text ?? '',
          off: message.off,
          ...(message.file && { file: message.file }),
        },
      }),
    ),
    ...notices,
  ].sort((a, b) => a.at - b.at || placeOf(a) - placeOf(b));
  // What is on its way stands last, whatever this machine's clock says.
  for (const item of pending) {
    sources.push({
      at: item.at,
      from: me,
      isMine: true,
      isNote: item.isNote,
      bubble: { key: item.mid, at: item.at, text: item.text, pending: item, ...(item.file && { file: item.file }) },
    });
  }
  const lines: Line[] = [];
  let day = '';
  for (const source of sources) {
    const sourceDay = new Date(source.at).toDateString();
    if (sourceDay !== day && !('bubble' in source && source.bubble.pending && day !== '')) {
      day = sourceDay;
      lines.push({ kind: 'day', key: `day-${day}`, at: source.at });
    }
    if ('bubble' in source && source.from.role === 'system')
      lines.push({ kind: 'system', key: source.bubble.key, at: source.at, text: source.bubble.text, about: source.from.name });
    else if ('bubble' in source) append(lines, source);
    else lines.push({ kind: 'notice', key: `${source.kind}-${source.off}-${source.at}`, notice: source });
  }
  return lines;
}

const placeOf = (source: Source | Notice): number => ('bubble' in source ? (source.bubble.off ?? 0) : source.off);

function append(lines: Line[], source: Source): void {
  const last = lines.at(-1);
  const previous = last?.kind === 'group' ? last.bubbles.at(-1) : undefined;
  const isSame =
    last?.kind === 'group' && previous && last.from.id === source.from.id && last.isMine === source.isMine && last.isNote === source.isNote;
  if (isSame && source.at - previous.at < GROUP_MS) {
    lines[lines.length - 1] = { ...last, bubbles: [...last.bubbles, source.bubble] };
    return;
  }
  lines.push({
    kind: 'group',
    key: `group-${source.bubble.key}`,
    from: source.from,
    isMine: source.isMine,
    isNote: source.isNote,
    bubbles: [source.bubble],
  });
}
