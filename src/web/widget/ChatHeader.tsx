/** Who the visitor is talking to, and what else can be done. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from '../conversation/conversation.ts';
import { fetchBlob, saveBlob, transcriptUrl } from '../conversation/rest.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { useWidget } from './state.ts';

export function ChatHeader({ conversation, onAskEnd }: { conversation: Conversation | undefined; onAskEnd(): void }) {
  const state = useWidget();
  const { visitor, texts: { t } } = state;
  const view = conversation?.view.value;
  const owner = view?.owner;
  const isOver = conversation?.isOver.value ?? false;
  const status = isOver ? t('ended') : owner ? t('served') : conversation ? t('waiting') : t(visitor.isOnline.value ? 'online' : 'away');
  return (
    <div class="chat-header">
      <button type="button" class="icon-button on-header" aria-label={t('back')} onClick={() => state.show(undefined)}><Icon name="back" /></button>
      <Avatar name={owner?.name ?? visitor.group.name} id={owner?.id ?? visitor.group.publicId} state={isOver ? undefined : owner || visitor.isOnline.value ? 'on' : 'off'} />
      <div class="chat-title">
        <h1>{owner?.name ?? visitor.group.name}</h1>
        <p role="status">{status}</p>
      </div>
      {conversation && <Menu conversation={conversation} isOver={isOver} onAskEnd={onAskEnd} />}
      <button type="button" class="icon-button on-header" aria-label={t('close')} onClick={() => (state.isOpen.value = false)}><Icon name="close" /></button>
    </div>
  );
}

function Menu({ conversation, isOver, onAskEnd }: { conversation: Conversation; isOver: boolean; onAskEnd(): void }) {
  const { visitor, texts: { t } } = useWidget();
  const [isOpen, setOpen] = useState(false);
  const [isFailed, setFailed] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return;
    menu.current?.querySelector('button')?.focus();
    const root = menu.current?.getRootNode() as ShadowRoot;
    const away = (event: Event) => {
      if (!menu.current?.contains(event.target as Node) && !button.current?.contains(event.target as Node)) setOpen(false);
    };
    root.addEventListener('pointerdown', away);
    return () => root.removeEventListener('pointerdown', away);
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll('button') ?? [])];
    const at = items.indexOf(event.target as HTMLButtonElement);
    if (event.key === 'Escape') {
      setOpen(false);
      button.current?.focus();
    } else if (event.key === 'ArrowDown') items[(at + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(at - 1 + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
  };
  const download = () => {
    setFailed(false);
    void fetchBlob(visitor, transcriptUrl(visitor, conversation.id)).then(
      (blob) => {
        saveBlob(blob, `${visitor.group.name}.txt`);
        setOpen(false);
      },
      () => setFailed(true),
    );
  };
  return (
    <div class="menu-place">
      <button type="button" ref={button} class="icon-button on-header" aria-label={t('menu')} aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}><Icon name="more" /></button>
      {isOpen && (
        <div class="menu" role="menu" aria-label={t('menu')} ref={menu} onKeyDown={onKeyDown}>
          <button type="button" role="menuitem" onClick={download}><Icon name="download" size={18} />{isFailed ? t('error.other') : t('download')}</button>
          {!isOver && (
            <button type="button" role="menuitem" class="is-danger" onClick={() => {
              setOpen(false);
              onAskEnd();
            }}><Icon name="end" size={18} />{t('end')}</button>
          )}
        </div>
      )}
    </div>
  );
}
