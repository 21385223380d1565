/** WID-8: who we are, start a conversation, one's own conversations, privacy (WID-9). */
import { useState } from 'preact/hooks';
import type { Conversation } from '../conversation/conversation.ts';
import { LinkBanner } from '../conversation/LinkBanner.tsx';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { age } from '../ui/time.ts';
import { useWidget } from './state.ts';
import type { WidgetTexts } from './texts.ts';

const SHOWN_AT_FIRST = 3;

export function HomeScreen() {
  const state = useWidget();
  const { visitor, texts } = state;
  const { t } = texts;
  const [isAllShown, setAllShown] = useState(false);
  const conversations = visitor.recent.value;
  const shown = isAllShown ? conversations : conversations.slice(0, SHOWN_AT_FIRST);
  const isOnline = visitor.isOnline.value;
  return (
    <div class="screen home">
      <div class="home-header">
        <div class="home-top">
          <span class="company">
            <span class="company-mark" aria-hidden="true">
              <Icon name="chat" size={18} />
            </span>
            {visitor.group.name}
          </span>
          <button type="button" class="icon-button on-header" aria-label={t('close')} onClick={() => (state.isOpen.value = false)}>
            <Icon name="close" />
          </button>
        </div>
        <h1>{t('title')}</h1>
        <p>{t('description')}</p>
      </div>
      <LinkBanner state={visitor.socket.state.value} refusedText={t('link.refused')} onRetry={() => visitor.socket.retryNow()} />
      <div class="home-body">
        <button type="button" class="card start-card" onClick={() => state.startAnother()}>
          <span class="start-words">
            <strong>{t(conversations.length > 0 ? 'start.again' : 'start')}</strong>
            <span class="presence">
              <i class={`dot dot-${isOnline ? 'on' : 'off'}`} />
              {t(isOnline ? 'online' : 'away')}
            </span>
          </span>
          <span class="start-arrow">
            <Icon name="send" />
          </span>
        </button>
        {!isOnline && <p class="hint-card">{t('offline')}</p>}
        {shown.length > 0 && (
          <section class="card list-card">
            <h2>{t('yours')}</h2>
            <ul class="rows">
              {shown.map((conversation) => (
                <li key={conversation.id}>
                  <Row conversation={conversation} />
                </li>
              ))}
            </ul>
            {!isAllShown && conversations.length > SHOWN_AT_FIRST && (
              <button type="button" class="button quiet centered" onClick={() => setAllShown(true)}>
                {t('yours.more')}
              </button>
            )}
          </section>
        )}
        <Notices texts={texts} own={visitor.group.texts} />
      </div>
    </div>
  );
}

function Row({ conversation }: { conversation: Conversation }) {
  const state = useWidget();
  const { visitor, texts } = state;
  const view = conversation.view.value;
  const unread = visitor.unreadIn(conversation);
  const last = view?.lastMessage;
  const owner = view?.owner;
  return (
    <button type="button" class={unread > 0 ? 'row is-unread' : 'row'} onClick={() => state.show(conversation.id)}>
      <Avatar name={owner?.name ?? visitor.group.name} id={owner?.id ?? visitor.group.publicId} />
      <span class="row-words">
        <span class="row-top">
          <strong>{owner?.name ?? visitor.group.name}</strong>
          {last && <time>{age(last.at, now.value, texts.language)}</time>}
        </span>
        <span class="row-text">
          {conversation.isOver.value && <em>{texts.t('row.ended')}</em>}
          <span>
            {last?.role === 'customer' && `${texts.t('you')}: `}
            {last?.text}
          </span>
        </span>
      </span>
      {unread > 0 && (
        <span class="count" role="img" aria-label={texts.t('row.unread', { count: unread })}>
          {unread}
        </span>
      )}
    </button>
  );
}

/** Each notice can be switched off by the group with the text "-". */
export function Notices({ texts: { t }, own }: { texts: WidgetTexts; own: Readonly<Record<string, string>> }) {
  const address = own.privacyUrl ?? '';
  const isLink = /^https?:\/\//.test(address);
  return (
    <div class="notices">
      {own.consent !== '-' && (
        <p>
          {t('consent')}{' '}
          {isLink && (
            <a href={address} target="_blank" rel="noopener noreferrer">
              {t('privacy')}
            </a>
          )}
        </p>
      )}
      {own.encrypted !== '-' && (
        <p class="encrypted">
          <Icon name="lock" size={14} />
          {t('encrypted')}
        </p>
      )}
    </div>
  );
}
