/** The timeline at the desk: the client left, staff right, notes marked. */
import { callNoticeText } from '../conversation/callNotices.ts';
import type { Conversation, Notice } from '../conversation/conversation.ts';
import { Timeline } from '../conversation/Timeline.tsx';
import { timeline } from '../conversation/timeline.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { host } from './api.ts';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { errorText, language, t } from './texts.ts';

export function ConversationLines({ conversation }: { conversation: Conversation }) {
  const desk = useDesk();
  const { user } = desk.me;
  const view = conversation.view.value;
  const pending = desk.outbox.items.value.filter((item) => item.conversation === conversation.id);
  const me = { role: 'agent' as const, id: user.id, name: user.name };
  const client = view ? clientName(view.client) : '';
  const messages = conversation.messages.value.map((message) =>
    message.from.name || message.from.role !== 'customer' ? message : { ...message, from: { ...message.from, name: client } },
  );
  const lines = timeline(messages, conversation.notices.value, pending, me, (message) => message.from.role !== 'customer');
  const typist = conversation.typist.value;
  return (
    <Timeline
      lines={lines}
      host={host}
      readUpTo={view?.readByClient ?? 0}
      hasEarlier={conversation.hasEarlier.value}
      onEarlier={() => void desk.earlier(conversation)}
      notice={(notice) => noticeText(notice, client)}
      system={(text, about) => (about === 'page' ? t('notice.page', { text }) : text)}
      failure={(item) => errorText(item.code ?? '', item.owner)}
      onRetry={(mid) => desk.outbox.retry(mid)}
      onDiscard={(mid) => desk.outbox.discard(mid)}
      nameTag={(line) =>
        line.isNote ? `${t('composer.noteTag')} · ${line.from.name}` : line.isMine && line.from.id !== user.id ? line.from.name : ''
      }
      after={
        typist &&
        typist.id !== user.id && (
          <div class="group theirs typing">
            <Avatar name={typist.name || client} id={typist.id} size="sm" />
            {typist.preview ? (
              <span class="bubble is-preview" dir="auto">
                <span class="sr-only">{t('typingPreview', { name: typist.name || client, text: '' })}</span>
                {typist.preview}
                <i class="caret" />
              </span>
            ) : (
              <span class="bubble typing-dots">
                <span class="sr-only">{t('typing', { name: typist.name || client })}</span>
                <i />
                <i />
                <i />
              </span>
            )}
          </div>
        )
      }
    />
  );
}

function noticeText(notice: Notice, client: string): string {
  switch (notice.kind) {
    case 'taken':
    case 'joined':
    case 'left':
    case 'requeued':
      return t(`notice.${notice.kind}`, { name: notice.name });
    case 'away':
    case 'back':
    case 'gone':
      return t(`notice.${notice.kind}`);
    case 'callBegan':
    case 'callEnded':
      return callNoticeText(notice, t, language.value);
    default:
      if (notice.by === 'system') return t('notice.ended.system');
      return notice.by === 'client' ? t('notice.ended.client', { name: client }) : t('notice.ended.agent', { name: notice.name });
  }
}
