/** Who it is, whether they are there (APP-6), and what can be done: take, end, close, transfer, invite, download. */
import { useState } from 'preact/hooks';
import type { Conversation } from '../conversation/conversation.ts';
import { fetchBlob, saveBlob, transcriptUrl } from '../conversation/rest.ts';
import { newKey } from '../socket/socketClient.ts';
import type { InteractionView } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { countdown } from '../ui/time.ts';
import { host } from './api.ts';
import { CloseDialog } from './CloseDialog.tsx';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { MoreMenu } from './MoreMenu.tsx';
import { PickAgentDialog } from './PickAgentDialog.tsx';
import { go } from './place.ts';
import { presenceDot } from './presenceDot.ts';
import { maySupervise } from './rights.ts';
import { errorText, t } from './texts.ts';

type Asking = 'end' | 'close' | 'transfer' | 'invite' | undefined;

export function ConversationHeader({
  view,
  conversation,
  isCardShown,
  onCard,
}: {
  view: InteractionView;
  conversation: Conversation;
  isCardShown: boolean;
  onCard(): void;
}) {
  const desk = useDesk();
  const [asking, setAsking] = useState<Asking>();
  const me = desk.me.user.id;
  const interaction = view.id;
  const isOwner = view.owner?.id === me;
  const isParticipant = view.participants.some((agent) => agent.id === me);
  const isServed = view.state === 'served';
  // A call is ended, handed on and shared by its own controls.
  const call = desk.calls.of(view.id);
  const isOnPhone = call !== undefined && call.state !== 'ended';
  const canCall = (isOwner || isParticipant) && isServed && !isOnPhone && conversation.videoRules.value?.isOn === true;
  const room = desk.video.of(interaction);
  const isInCall = room !== undefined && (room.isOpen.value || (room.state.value.name !== 'idle' && room.state.value.name !== 'left'));
  const done = () => setAsking(undefined);
  const download = () =>
    void fetchBlob(host, transcriptUrl(host, interaction)).then(
      (blob) => saveBlob(blob, `${clientName(view.client)}.txt`),
      () => desk.toast(errorText('internal')),
    );
  return (
    <header class="pane-header">
      <button type="button" class="icon-button only-phone" aria-label={t('pane.back')} onClick={() => desk.show(undefined)}>
        <Icon name="back" />
      </button>
      <Avatar name={clientName(view.client)} id={view.client.id} state={presenceDot(view)} />
      <div class="pane-title">
        <h2>{clientName(view.client)}</h2>
        <Presence view={view} />
      </div>
      {!view.owner && !conversation.isOver.value && view.medium !== 'voice' && (
        <button type="button" class="button primary" onClick={() => void desk.run({ t: 'interaction.claim', key: newKey(), interaction })}>
          {t('pane.take')}
        </button>
      )}
      {canCall && !isInCall && (
        <button
          type="button"
          class="icon-button"
          aria-label={t('video.start')}
          title={t('video.start')}
          aria-busy={desk.video.isLoading.value}
          onClick={() => void desk.video.begin(view, 'video')}
        >
          <Icon name="video" />
        </button>
      )}
      {isOwner && isServed && !isOnPhone && (
        <button type="button" class="button" onClick={() => setAsking('end')}>
          {t('pane.end')}
        </button>
      )}
      {isOwner && view.state === 'ended' && (
        <button type="button" class="button primary" onClick={() => setAsking('close')}>
          {t('pane.close')}
        </button>
      )}
      <button
        type="button"
        class="icon-button card-toggle"
        aria-expanded={isCardShown}
        aria-label={t('pane.card')}
        title={t('pane.card')}
        onClick={onCard}
      >
        <Icon name="person" />
      </button>
      <MoreMenu
        label={t('pane.more')}
        items={[
          canCall && !isInCall && { icon: 'phone', text: t('video.audio'), act: () => void desk.video.begin(view, 'audio') },
          isOwner && isServed && !isOnPhone && { icon: 'transfer', text: t('pane.transfer'), act: () => setAsking('transfer') },
          isOwner && isServed && !isOnPhone && { icon: 'invite', text: t('pane.invite'), act: () => setAsking('invite') },
          isParticipant &&
            !isOwner && {
              icon: 'end',
              text: t('pane.leave'),
              act: () => void desk.run({ t: 'participant.leave', key: newKey(), interaction }),
            },
          { icon: 'route', text: t(maySupervise(desk.me) ? 'pane.why' : 'pane.whyMe'), act: () => go({ name: 'routing', interaction }) },
          { icon: 'download', text: t('pane.download'), act: download },
          isOwner && isServed && !isOnPhone && { icon: 'check', text: t('close.go'), act: () => setAsking('close') },
        ]}
      />
      {asking === 'end' && <EndDialog interaction={interaction} onDone={done} />}
      {asking === 'close' && <CloseDialog view={view} onDone={done} />}
      {(asking === 'transfer' || asking === 'invite') && <PickAgentDialog kind={asking} view={view} onDone={done} />}
    </header>
  );
}

function Presence({ view }: { view: InteractionView }) {
  const { presence } = view.client;
  if (view.state === 'ended' || view.state === 'closed') return <p>{t('row.ended')}</p>;
  return (
    <p role="status" class={presence === 'reconnecting' ? 'is-away' : undefined}>
      {t(`pane.presence.${presence}`)}
    </p>
  );
}

/** APP-6: how long the client can still come back into this conversation. */
export function AwayStrip({ view }: { view: InteractionView }) {
  const { presence, presenceUntil } = view.client;
  if (presence !== 'reconnecting' || presenceUntil === undefined || view.state !== 'served') return null;
  return (
    <p class="away-strip">
      <Icon name="clock" size={16} />
      {t('pane.away', { time: countdown(presenceUntil, now.value) })}
    </p>
  );
}

function EndDialog({ interaction, onDone }: { interaction: string; onDone(): void }) {
  const desk = useDesk();
  return (
    <Dialog title={t('pane.end.sure')} onClose={onDone}>
      <p class="dialog-hint">{t('pane.end.hint')}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onDone}>
          {t('cancel')}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => void desk.run({ t: 'interaction.end', key: newKey(), interaction }).then(onDone)}
        >
          {t('pane.end')}
        </button>
      </div>
    </Dialog>
  );
}
