/** The composer at the desk: reply, reply that takes (CHT-6), or a note for colleagues; what the client is typing stands above it. */
import { Composer } from '../conversation/Composer.tsx';
import type { Conversation } from '../conversation/conversation.ts';
import type { Uploads } from '../conversation/uploads.ts';
import type { InteractionView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { t } from './texts.ts';

export interface ReplyBoxProps {
  readonly conversation: Conversation;
  readonly view: InteractionView;
  readonly isClaim: boolean;
  readonly isNote: boolean;
  /** Absent where only notes are written. */
  readonly onNote: ((isNote: boolean) => void) | undefined;
  readonly uploads: Uploads | undefined;
}

export function ReplyBox({ conversation, view, isClaim, isNote, onNote, uploads }: ReplyBoxProps) {
  const desk = useDesk();
  const { id } = conversation;
  const placeholder = isNote ? t('composer.note') : isClaim ? t('composer.claim') : t('composer.reply', { name: clientName(view.client) });
  return (
    <>
      {isClaim && (
        <p class="claim-hint">
          <Icon name="inbox" size={16} />
          {t('pane.take.hint')}
        </p>
      )}
      <Composer
        draft={desk.draft(id)}
        placeholder={placeholder}
        uploads={uploads}
        isNote={isNote}
        hasFocusAtFirst={matchMedia('(pointer: fine)').matches}
        onSend={(text) => desk.write({ conversation: id, text, isNote, isClaim: isClaim && !isNote })}
        onTyping={(text) => !isNote && !isClaim && desk.typing(conversation, text)}
        tools={
          !isClaim &&
          onNote && (
            <button
              type="button"
              class="icon-button"
              aria-pressed={isNote}
              aria-label={t('composer.toNote')}
              title={t(isNote ? 'composer.toReply' : 'composer.toNote')}
              onClick={() => onNote(!isNote)}
            >
              <Icon name="note" />
            </button>
          )
        }
      />
    </>
  );
}
