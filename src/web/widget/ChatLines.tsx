/** The messages of a conversation in the widget's words. */
import { callNoticeText } from '../conversation/callNotices.ts';
import type { Conversation, Notice } from '../conversation/conversation.ts';
import { Timeline } from '../conversation/Timeline.tsx';
import { timeline } from '../conversation/timeline.ts';
import type { WidgetKey } from '../i18n/widget.en.ts';
import type { OutboxItem } from '../socket/outbox.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Notices } from './HomeScreen.tsx';
import { useWidget } from './state.ts';
import type { WidgetTexts } from './texts.ts';

const FAILURES: Readonly<Record<string, WidgetKey>> = {
  rate_limited: 'error.rate_limited',
  log_full: 'error.log_full',
  gone: 'error.gone',
  wrong_state: 'error.gone',
};
const NO_NOTICES: readonly Notice[] = [];

export function ChatLines({ conversation, id }: { conversation: Conversation | undefined; id: string }) {
  const { visitor, texts } = useWidget();
  const pending = visitor.outbox.items.value.filter((item) => item.conversation === id);
  const view = conversation?.view.value;
  const me = { role: 'customer' as const, id: visitor.contact.value, name: '' };
  const notices = conversation?.notices.value.filter(concernsVisitor) ?? NO_NOTICES;
  const lines = timeline(conversation?.messages.value ?? [], notices, pending, me, visitor.isMine);
  const typist = conversation?.typist.value;
  const isTyping = typist !== undefined && typist.role !== 'customer';
  const isWaiting = view?.state === 'waiting' || view?.state === 'offered';
  return (
    <Timeline
      lines={lines}
      host={visitor}
      readUpTo={view?.readByStaff ?? 0}
      hasEarlier={conversation?.hasEarlier.value ?? false}
      onEarlier={() => conversation && void visitor.earlier(conversation)}
      notice={(notice) => noticeText(notice, texts)}
      failure={(item: OutboxItem) => texts.t(FAILURES[item.code ?? ''] ?? 'error.other')}
      onRetry={(mid) => visitor.outbox.retry(mid)}
      onDiscard={(mid) => visitor.outbox.discard(mid)}
      nameTag={(line) => (line.isMine ? '' : line.from.name)}
      before={!conversation?.hasEarlier.value && <Welcome isFirst={!conversation} />}
      after={
        <>
          {isWaiting && !pending.length && <p class="waiting-hint">{texts.t(visitor.isOnline.value ? 'waiting.hint' : 'offline')}</p>}
          {isTyping && (
            <div class="group theirs typing">
              <Avatar name={typist.name || '?'} id={typist.id} size="sm" />
              <span class="bubble typing-dots">
                <span class="sr-only">{typist.name ? texts.t('typing', { name: typist.name }) : texts.t('typing.someone')}</span>
                <i />
                <i />
                <i />
              </span>
            </div>
          )}
        </>
      }
    />
  );
}

/** The group's greeting stands above every conversation; it is not a message. */
function Welcome({ isFirst }: { isFirst: boolean }) {
  const { visitor, texts } = useWidget();
  return (
    <div class="welcome">
      <Avatar name={visitor.group.name} id={visitor.group.publicId} size="lg" />
      <p>{texts.t('welcome')}</p>
      {isFirst && !visitor.isOnline.value && <p class="hint-card">{texts.t('offline')}</p>}
      {isFirst && <Notices texts={texts} own={visitor.group.texts} />}
    </div>
  );
}

const concernsVisitor = (notice: Notice): boolean => notice.kind !== 'away' && notice.kind !== 'back' && notice.kind !== 'gone';

function noticeText(notice: Notice, { t, language }: WidgetTexts): string {
  switch (notice.kind) {
    case 'taken':
    case 'joined':
    case 'left':
      return t(`notice.${notice.kind}`, { name: notice.name });
    case 'requeued':
      return notice.name ? t('notice.requeued', { name: notice.name }) : t('notice.requeued.someone');
    case 'ended':
      if (notice.by === 'client') return t('notice.ended.you');
      return notice.by === 'agent' && notice.name ? t('notice.ended.agent', { name: notice.name }) : t('notice.ended');
    case 'callBegan':
    case 'callEnded':
      return callNoticeText(notice, t, language);
    default:
      return '';
  }
}
