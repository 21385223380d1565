/** The lines of a conversation as a live log. Stays at the end while the reader is there; otherwise says that something new is below. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { OutboxItem } from '../socket/outbox.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { useTexts } from '../ui/Texts.tsx';
import { clock, dayName } from '../ui/time.ts';
import type { Notice } from './conversation.ts';
import { FileCard } from './FileCard.tsx';
import { piecesOf } from './links.ts';
import type { RestHost } from './rest.ts';
import type { Bubble, Line } from './timeline.ts';

export interface TimelineProps {
  readonly lines: readonly Line[];
  readonly host: RestHost;
  /** Own messages up to this offset were read by the other side. */
  readonly readUpTo: number;
  readonly hasEarlier: boolean;
  onEarlier(): void;
  notice(notice: Notice): string;
  /** What a line of the system says; absent: its text. */
  system?(text: string, about: string): string;
  failure(item: OutboxItem): string;
  onRetry(mid: string): void;
  onDiscard(mid: string): void;
  /** Name tag over a group, or empty. */
  nameTag(line: Extract<Line, { kind: 'group' }>): string;
  readonly before?: ComponentChildren;
  readonly after?: ComponentChildren;
}

const NEAR_PX = 80;

export function Timeline(props: TimelineProps) {
  const { t, language } = useTexts();
  const scroller = useRef<HTMLDivElement>(null);
  const wasAtEnd = useRef(true);
  const heightBefore = useRef(0);
  const firstKey = useRef('');
  const [isNewBelow, setNewBelow] = useState(false);
  const { lines } = props;
  const last = lines.at(-1);
  const lastKey = last?.kind === 'group' ? `${last.bubbles.at(-1)?.key}` : last?.key;

  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const first = lines.find((line) => line.kind === 'group')?.key ?? '';
    if (wasAtEnd.current) box.scrollTop = box.scrollHeight;
    else if (first !== firstKey.current) box.scrollTop += box.scrollHeight - heightBefore.current;
    firstKey.current = first;
    heightBefore.current = box.scrollHeight;
  });
  useLayoutEffect(() => {
    // What the reader wrote is always shown; what others wrote while the reader looks further up is announced.
    if (last?.kind === 'group' && last.isMine && last.bubbles.at(-1)?.pending) toEnd();
    else if (!wasAtEnd.current) setNewBelow(true);
  }, [lastKey]);
  // Pictures and the keyboard of a phone change heights after drawing.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (!box || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => {
      if (wasAtEnd.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
    return () => observer.disconnect();
  }, []);

  const toEnd = () => {
    wasAtEnd.current = true;
    setNewBelow(false);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  const onScroll = () => {
    const box = scroller.current;
    if (!box) return;
    wasAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
    if (wasAtEnd.current) setNewBelow(false);
  };

  return (
    <div class="timeline">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
      <div class="timeline-scroll" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label={t('log')}>
        <div class="timeline-lines">
          {props.hasEarlier && (
            <button type="button" class="button quiet centered" onClick={props.onEarlier}>
              {t('earlier')}
            </button>
          )}
          {props.before}
          {lines.map((line) => {
            if (line.kind === 'day')
              return (
                <div key={line.key} class="day">
                  <span>{dayName(line.at, now.value, language)}</span>
                </div>
              );
            if (line.kind === 'notice')
              return (
                <div key={line.key} class={`notice notice-${line.notice.kind}`}>
                  {props.notice(line.notice)} <time>{clock(line.notice.at, language)}</time>
                </div>
              );
            if (line.kind === 'system')
              return (
                <div key={line.key} class="notice">
                  {props.system?.(line.text, line.about) ?? line.text} <time>{clock(line.at, language)}</time>
                </div>
              );
            return <Group key={line.key} line={line} isLast={line === last} {...props} />;
          })}
          {props.after}
        </div>
      </div>
      {isNewBelow && (
        <button type="button" class="button new-below" onClick={toEnd}>
          <Icon name="down" size={16} />
          {t('newBelow')}
        </button>
      )}
    </div>
  );
}

function Group({ line, isLast, ...props }: TimelineProps & { line: Extract<Line, { kind: 'group' }>; isLast: boolean }) {
  const { t, language } = useTexts();
  const tag = props.nameTag(line);
  const end = line.bubbles.at(-1) as Bubble;
  return (
    <div class={`group ${line.isMine ? 'mine' : 'theirs'}${line.isNote ? ' note' : ''}`}>
      {!line.isMine && <Avatar name={line.from.name || '?'} id={line.from.id} size="sm" />}
      <div class="group-body">
        {tag && (
          <span class="name-tag">
            {line.isNote && <Icon name="note" size={13} />}
            {tag}
          </span>
        )}
        {line.bubbles.map((bubble) => (
          <BubbleView key={bubble.key} bubble={bubble} {...props} />
        ))}
        <span class="meta">
          <time dateTime={new Date(end.at).toISOString()}>{clock(end.at, language)}</time>
          {line.isMine && isLast && !line.isNote && end.off !== undefined && <Receipt isRead={end.off <= props.readUpTo} />}
          {line.isMine && end.pending?.state === 'sending' && <span>{t('sending')}…</span>}
        </span>
      </div>
    </div>
  );
}

function Receipt({ isRead }: { isRead: boolean }) {
  const { t } = useTexts();
  return (
    <span class={isRead ? 'receipt receipt-read' : 'receipt'}>
      <Icon name={isRead ? 'checks' : 'check'} size={14} />
      {t(isRead ? 'read' : 'sent')}
    </span>
  );
}

function BubbleView({ bubble, ...props }: TimelineProps & { bubble: Bubble }) {
  const { t } = useTexts();
  const { pending } = bubble;
  const state = pending ? ` is-${pending.state}` : '';
  return (
    <>
      {bubble.text && (
        <div class={`bubble${state}${isOnlyEmoji(bubble.text) ? ' is-emoji' : ''}`} dir="auto">
          {piecesOf(bubble.text).map((piece, index) =>
            piece.href ? (
              <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                {piece.text}
              </a>
            ) : (
              piece.text
            ),
          )}
        </div>
      )}
      {bubble.file && <FileCard file={bubble.file} host={props.host} />}
      {pending?.state === 'failed' && (
        <div class="failure" role="alert">
          <Icon name="alert" size={15} />
          <span>{props.failure(pending)}</span>
          <button type="button" class="link" onClick={() => props.onRetry(pending.mid)}>
            {t('retry')}
          </button>
          <button type="button" class="link" onClick={() => props.onDiscard(pending.mid)}>
            {t('discard')}
          </button>
        </div>
      )}
    </>
  );
}

const isOnlyEmoji = (text: string): boolean =>
  text.length <= 12 &&
  /^(?:\p{Extended_Pictographic}(?:\u200d\p{Extended_Pictographic}|\ufe0f|[\u{1f3fb}-\u{1f3ff}])*\s?){1,3}$/u.test(text);
