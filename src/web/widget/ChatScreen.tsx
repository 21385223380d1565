/** One conversation, running, over, or about to begin. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Composer } from '../conversation/Composer.tsx';
import type { Conversation } from '../conversation/conversation.ts';
import { DropZone } from '../conversation/DropZone.tsx';
import { LinkBanner } from '../conversation/LinkBanner.tsx';
import { Uploads } from '../conversation/uploads.ts';
import { ChatHeader } from './ChatHeader.tsx';
import { ChatLines } from './ChatLines.tsx';
import { EndedFooter } from './EndedFooter.tsx';
import { keepFocus } from './focus.ts';
import { useWidget } from './state.ts';
import { NEW } from './visitor.ts';

export function ChatScreen({ id }: { id: string }) {
  const state = useWidget();
  const { visitor, texts } = state;
  const conversation = visitor.find(id);
  const uploads = useMemo(
    () => (conversation ? new Uploads(visitor, id, (file) => visitor.write(id, '', file)) : undefined),
    [conversation],
  );
  const [isAsking, setAsking] = useState(false);
  const isOver = conversation?.isOver.value ?? false;
  const problem = conversation?.problem.value;
  const messageCount = conversation?.messages.value.length ?? 0;
  const link = visitor.socket.state.value;
  useEffect(() => {
    if (conversation) visitor.load(conversation);
  }, [conversation]);
  useEffect(() => {
    const look = () => {
      if (conversation && document.visibilityState === 'visible') visitor.markRead(conversation);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [conversation, messageCount, link.name]);
  // The composer and the question come and go, and may have had the focus.
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => keepFocus(place.current?.closest<HTMLElement>('.panel')), [isOver, isAsking]);
  const write = (text: string) => visitor.write(id, text);
  return (
    <DropZone class="screen chat" uploads={isOver ? undefined : uploads}>
      <span ref={place} hidden />
      <ChatHeader conversation={conversation} onAskEnd={() => setAsking(true)} />
      <LinkBanner state={link} refusedText={texts.t('link.refused')} onRetry={() => visitor.socket.retryNow()} />
      {problem ? (
        <p class="problem" role="alert">
          {texts.t('error.load')}
        </p>
      ) : (
        <ChatLines conversation={conversation} id={id} />
      )}
      {isAsking && conversation && !isOver && <EndQuestion conversation={conversation} onClose={() => setAsking(false)} />}
      {isOver && conversation ? (
        <EndedFooter conversation={conversation} />
      ) : (
        <Composer
          draft={state.draft(id)}
          placeholder={texts.t('placeholder')}
          uploads={uploads}
          onSend={write}
          hasFocusAtFirst={id === NEW || matchMedia('(pointer: fine)').matches}
          onTyping={(text) => conversation && visitor.typing(conversation, text)}
        />
      )}
    </DropZone>
  );
}

function EndQuestion({ conversation, onClose }: { conversation: Conversation; onClose(): void }) {
  const { visitor, texts } = useWidget();
  const first = useRef<HTMLButtonElement>(null);
  const [isFailed, setFailed] = useState(false);
  useLayoutEffect(() => first.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    onClose();
  };
  return (
    <div class="question" role="alertdialog" aria-labelledby="end-title" aria-describedby="end-hint" onKeyDown={onKeyDown}>
      <strong id="end-title">{texts.t('end.sure')}</strong>
      <p id="end-hint">{isFailed ? texts.t('error.other') : texts.t('end.hint')}</p>
      <div class="question-buttons">
        <button type="button" class="button" ref={first} onClick={onClose}>
          {texts.t('cancel')}
        </button>
        <button type="button" class="button danger" onClick={() => void visitor.end(conversation).then(onClose, () => setFailed(true))}>
          {texts.t('end')}
        </button>
      </div>
    </div>
  );
}
