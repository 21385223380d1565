/** The open conversation: header, timeline, composer, client card. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Conversation } from '../conversation/conversation.ts';
import { DropZone } from '../conversation/DropZone.tsx';
import { Uploads } from '../conversation/uploads.ts';
import { Icon } from '../ui/Icon.tsx';
import { host } from './api.ts';
import { CallPanel } from './CallPanel.tsx';
import { ClientCard } from './ClientCard.tsx';
import { AwayStrip, ConversationHeader } from './ConversationHeader.tsx';
import { ConversationLines } from './ConversationLines.tsx';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { KeptText } from './KeptText.tsx';
import { ReplyBox } from './ReplyBox.tsx';
import { isMine } from './rows.ts';
import { t } from './texts.ts';
import { VideoCall } from './VideoCall.tsx';

export function ConversationPane() {
  const desk = useDesk();
  const conversation = desk.open.value;
  if (!conversation) {
    return (
      <section class="pane pane-empty">
        <div class="empty">
          <span class="empty-mark">
            <Icon name="chat" size={28} />
          </span>
          <strong>{t('pane.empty')}</strong>
          <p>{t('pane.empty.hint')}</p>
        </div>
      </section>
    );
  }
  return <OpenConversation conversation={conversation} />;
}

function OpenConversation({ conversation }: { conversation: Conversation }) {
  const desk = useDesk();
  const { id } = conversation;
  const [isCardShown, setCardShown] = useState(false);
  const [isNote, setNote] = useState(false);
  const view = conversation.view.value;
  const call = desk.calls.of(id);
  // Nothing is written to somebody on the phone.
  const isSpoken = view?.medium === 'voice';
  const isClaim = !isSpoken && view !== undefined && !view.owner && !conversation.isOver.value;
  const canWrite = view !== undefined && !conversation.isOver.value && (isClaim || isMine(view, desk.me.user.id));
  const uploads = useMemo(() => new Uploads(host, id, (file) => desk.write({ conversation: id, text: '', file })), [id]);
  const messageCount = conversation.messages.value.length;
  const link = desk.socket.state.value.name;
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') desk.markRead(conversation);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, [messageCount, view?.owner?.id, link]);
  if (conversation.problem.value) {
    return (
      <section class="pane pane-empty">
        <div class="empty">
          <strong>{t('pane.gone')}</strong>
          <button type="button" class="button" onClick={() => desk.show(undefined)}>
            {t('pane.back')}
          </button>
        </div>
      </section>
    );
  }
  if (!view)
    return (
      <section class="pane pane-empty">
        <p role="status">{t('loading')}</p>
      </section>
    );
  const canAttach = canWrite && !isClaim && !isNote && !isSpoken;
  return (
    <section class={isCardShown ? 'pane shows-card' : 'pane'} aria-label={clientName(view.client)}>
      <DropZone class="pane-main" uploads={canAttach ? uploads : undefined}>
        <ConversationHeader view={view} conversation={conversation} isCardShown={isCardShown} onCard={() => setCardShown(!isCardShown)} />
        <AwayStrip view={view} />
        {call && <CallPanel call={call} isMine={view.owner?.id === desk.me.user.id} />}
        <VideoCall interaction={id} />
        <ConversationLines conversation={conversation} />
        {canWrite ? (
          <ReplyBox
            conversation={conversation}
            view={view}
            isClaim={isClaim}
            isNote={isNote || isSpoken}
            onNote={isSpoken ? undefined : setNote}
            uploads={canAttach ? uploads : undefined}
          />
        ) : (
          <>
            <KeptText conversation={id} />
            <p class="pane-foot" role="status">
              {view.state === 'closed'
                ? t('pane.closed')
                : view.state === 'ended'
                  ? t('pane.ended')
                  : t('pane.readOnly', { name: view.owner?.name ?? '' })}
            </p>
          </>
        )}
      </DropZone>
      <ClientCard view={view} onClose={() => setCardShown(false)} />
    </section>
  );
}
