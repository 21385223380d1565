/** The call of a conversation at the desk: under its head while it is open, in the corner while another one is; and the question before a second call. */
import { useEffect, useState } from 'preact/hooks';
import type { RoomClient } from '../video/roomClient.ts';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { go, place } from './place.ts';
import { language, t } from './texts.ts';

type Parts = typeof import('../video/desk.ts');

/** Already here when there is a client, for that came with it. */
function useParts(): Parts | undefined {
  const [parts, setParts] = useState<Parts>();
  useEffect(() => {
    void import('../video/desk.ts').then(setParts);
  }, []);
  return parts;
}

export function VideoCall({ interaction }: { interaction: string }) {
  const client = useDesk().video.of(interaction);
  return client ? <Shown client={client} isSmall={false} /> : null;
}

function Shown({ client, isSmall }: { client: RoomClient; isSmall: boolean }) {
  const desk = useDesk();
  const parts = useParts();
  const [why, setWhy] = useState('');
  const state = client.state.value;
  const isAsked = parts?.mayFail(state) ?? false;
  useEffect(() => {
    if (isAsked && parts) void parts.whyNoVideo('', parts.createVideoTexts(language.value)).then(setWhy);
  }, [isAsked, parts]);
  if (!parts) return null;
  const { Call, createVideoTexts, VideoTextsProvider } = parts;
  const row = desk.rows.find(client.interaction);
  const isInRoom = state.name === 'joining' || state.name === 'joined' || state.name === 'rejoining';
  if (state.name === 'idle' && !client.isOpen.value) return null;
  const show = () => {
    go({ name: 'desk' });
    desk.show(client.interaction);
  };
  return (
    <div class={`desk-call${isSmall ? ' is-corner' : ''} ${isInRoom || state.name === 'checking' ? 'is-large' : 'is-card'}`}>
      <VideoTextsProvider value={createVideoTexts(language.value)}>
        <Call
          client={client}
          isSmall={isSmall}
          partner={row ? { name: clientName(row.client), id: row.client.id } : { name: '', id: client.interaction }}
          policy=""
          canFullScreen
          why={why}
          onSmall={isSmall ? show : undefined}
        />
      </VideoTextsProvider>
    </div>
  );
}

/** The call that goes on, or rings, while the agent looks at something else. */
export function CornerCall() {
  const desk = useDesk();
  const openId = place.value.name === 'desk' ? desk.openId.value : undefined;
  const elsewhere = [...desk.video.clients.value.values()].filter(({ interaction }) => interaction !== openId);
  const client =
    elsewhere.find(({ state }) => state.value.name === 'joined' || state.value.name === 'rejoining' || state.value.name === 'joining') ??
    elsewhere.find(({ state, isInvited }) => state.value.name === 'asking' && isInvited.value);
  return client ? <Shown key={client.interaction} client={client} isSmall /> : null;
}

export function SecondCallDialog() {
  const desk = useDesk();
  const second = desk.video.second.value;
  if (!second) return null;
  const row = desk.rows.find(second.present.interaction);
  return (
    <Dialog title={t('video.second.title')} onClose={() => second.answer(false)}>
      <p class="dialog-hint">{t('video.second.hint', { name: row ? clientName(row.client) : '' })}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => second.answer(false)}>
          {t('cancel')}
        </button>
        <button type="button" class="button danger" onClick={() => second.answer(true)}>
          {t('video.second.go')}
        </button>
      </div>
    </Dialog>
  );
}
