/** Who the visitor is talking to, and what else can be done. */
import { useState } from 'preact/hooks';
import type { Conversation } from '../conversation/conversation.ts';
import { fetchBlob, saveBlob, transcriptUrl } from '../conversation/rest.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';
import { useWidget } from './state.ts';

export function ChatHeader({ conversation, onAskEnd }: { conversation: Conversation | undefined; onAskEnd(): void }) {
  const state = useWidget();
  const {
    visitor,
    texts: { t },
  } = state;
  const view = conversation?.view.value;
  const owner = view?.owner;
  const isOver = conversation?.isOver.value ?? false;
  const status = isOver ? t('ended') : owner ? t('served') : conversation ? t('waiting') : t(visitor.isOnline.value ? 'online' : 'away');
  return (
    <div class="chat-header">
      <button type="button" class="icon-button on-header" aria-label={t('back')} onClick={() => state.show(undefined)}>
        <Icon name="back" />
      </button>
      <Avatar
        name={owner?.name ?? visitor.group.name}
        id={owner?.id ?? visitor.group.publicId}
        state={isOver ? undefined : owner || visitor.isOnline.value ? 'on' : 'off'}
      />
      <div class="chat-title">
        <h1>{owner?.name ?? visitor.group.name}</h1>
        <p role="status">{status}</p>
      </div>
      {conversation && state.calls.isOffered(conversation) && (
        <button
          type="button"
          class="icon-button on-header"
          aria-label={t('video')}
          title={t('video')}
          aria-busy={state.calls.isLoading.value}
          onClick={() => void state.calls.begin(conversation, 'video')}
        >
          <Icon name="video" />
        </button>
      )}
      {conversation && <Menu conversation={conversation} isOver={isOver} onAskEnd={onAskEnd} />}
      <button type="button" class="icon-button on-header" aria-label={t('close')} onClick={() => (state.isOpen.value = false)}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function Menu({ conversation, isOver, onAskEnd }: { conversation: Conversation; isOver: boolean; onAskEnd(): void }) {
  const state = useWidget();
  const {
    visitor,
    texts: { t },
  } = state;
  const [isFailed, setFailed] = useState(false);
  const download = (close: () => void) => {
    setFailed(false);
    void fetchBlob(visitor, transcriptUrl(visitor, conversation.id)).then(
      (blob) => {
        saveBlob(blob, `${visitor.group.name}.txt`);
        close();
      },
      () => setFailed(true),
    );
  };
  return (
    <MenuButton class="icon-button on-header" label={t('menu')} face={<Icon name="more" />}>
      {(close) => (
        <>
          {state.calls.isOffered(conversation) && (
            <button
              type="button"
              role="menuitem"
              onClick={() => {
                close();
                void state.calls.begin(conversation, 'audio');
              }}
            >
              <Icon name="phone" size={18} />
              {t('audio')}
            </button>
          )}
          <button type="button" role="menuitem" onClick={() => download(close)}>
            <Icon name="download" size={18} />
            {isFailed ? t('error.other') : t('download')}
          </button>
          {!isOver && (
            <button
              type="button"
              role="menuitem"
              class="is-danger"
              onClick={() => {
                close();
                onAskEnd();
              }}
            >
              <Icon name="end" size={18} />
              {t('end')}
            </button>
          )}
        </>
      )}
    </MenuButton>
  );
}
