/** The pictures of a call: the others large (up to three in a grid, a shared screen before all), oneself small; alone, oneself large. */
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { OwnPicture } from './Picture.tsx';
import type { RoomClient } from './roomClient.ts';
import { Tile } from './Tile.tsx';
import { useVideoTexts } from './texts.ts';

export interface CallStageProps {
  readonly client: RoomClient;
  /** One picture, for the corner. */
  readonly isSmall: boolean;
  /** Whom one waits for. */
  readonly partner: string;
  /** Links are for agents to see (VID-8). */
  readonly hasLinks: boolean;
}

export function CallStage({ client, isSmall, partner, hasLinks }: CallStageProps) {
  const { t } = useVideoTexts();
  const tracks = client.tracks.value;
  const others = client.others.value;
  const nameOf = (name: string) => name || t('peer.visitor');
  const sharer = others.find((peer) => peer.producers.some(({ source, isPaused }) => source === 'screen' && !isPaused));
  const speaker = client.speaker.value;
  const camera = client.local.camera.value;
  const loudest = others.find(({ id }) => id === speaker) ?? others[0];
  const tileOf = (peer: (typeof others)[number], isScreen = false) => (
    <Tile
      key={`${peer.id}${isScreen ? '-screen' : ''}`}
      peer={peer}
      name={nameOf(peer.name)}
      tracks={tracks}
      isSpeaking={speaker === peer.id}
      link={hasLinks ? client.links.value.find((link) => link.peer === peer.id) : undefined}
      isScreen={isScreen}
    />
  );
  const own =
    camera.name === 'on' ? (
      <OwnPicture label={t('check.preview')} track={camera.track} />
    ) : (
      <span class="tile-face">
        <Icon name="videoOff" size={20} />
      </span>
    );
  if (others.length === 0) {
    return (
      <div class="stage is-alone">
        <div class="tile is-own">{own}</div>
        <div class="stage-wait">
          <span class="wait-mark">
            <Avatar name={partner || '?'} id={partner} size="lg" />
          </span>
        </div>
      </div>
    );
  }
  if (isSmall) return <div class="stage is-single">{sharer ? tileOf(sharer, true) : loudest && tileOf(loudest)}</div>;
  return (
    <div class={`stage ${sharer ? 'has-screen' : `of-${Math.min(others.length, 3)}`}`}>
      {sharer && <div class="stage-screen">{tileOf(sharer, true)}</div>}
      <div class="stage-people">{others.map((peer) => tileOf(peer))}</div>
      <div class={`tile is-own${client.isMuted.value ? ' is-muted' : ''}`}>
        {own}
        <span class="tile-name">
          {client.isMuted.value && <Icon name="micOff" size={14} />}
          {t('peer.you')}
          {client.isMuted.value && <span class="sr-only">{t('peer.muted')}</span>}
        </span>
      </div>
    </div>
  );
}
