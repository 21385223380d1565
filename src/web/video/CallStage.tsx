/**
 * The pictures of a call. One other: large, oneself small over it. Several: all in a grid, oneself among them. A shared screen: large, everybody in a strip
 * under it. Alone: oneself large. Nobody's picture covers another's face.
 */
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { OwnPicture } from './Picture.tsx';
import { faceIdOf, nameOf, type Partner } from './partner.ts';
import type { RoomClient } from './roomClient.ts';
import { Tile } from './Tile.tsx';
import { useVideoTexts } from './texts.ts';

export interface CallStageProps {
  readonly client: RoomClient;
  /** One picture, for the corner. */
  readonly isSmall: boolean;
  readonly partner: Partner;
  /** Links are for agents to see (VID-8). */
  readonly hasLinks: boolean;
}

export function CallStage({ client, isSmall, partner, hasLinks }: CallStageProps) {
  const texts = useVideoTexts();
  const { t } = texts;
  const tracks = client.tracks.value;
  const others = client.others.value;
  const sharer = others.find((peer) => peer.producers.some(({ source, isPaused }) => source === 'screen' && !isPaused));
  const speaker = client.speaker.value;
  const camera = client.own.local.camera.value;
  const loudest = others.find(({ id }) => id === speaker) ?? others[0];
  const tileOf = (peer: (typeof others)[number], isScreen = false) => (
    <Tile
      key={`${peer.id}${isScreen ? '-screen' : ''}`}
      peer={peer}
      name={nameOf(peer, partner, texts)}
      faceId={faceIdOf(peer, partner)}
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
            <Avatar name={partner.name || '?'} id={partner.id} size="lg" />
          </span>
        </div>
      </div>
    );
  }
  if (isSmall) return <div class="stage is-single">{sharer ? tileOf(sharer, true) : loudest && tileOf(loudest)}</div>;
  return (
    <div class={`stage of-${Math.min(others.length, 3)}${sharer ? ' has-screen' : ''}`}>
      {sharer && <div class="stage-screen">{tileOf(sharer, true)}</div>}
      <div class="stage-people">{others.map((peer) => tileOf(peer))}</div>
      <div class={`tile is-own${client.own.isMuted.value ? ' is-muted' : ''}`}>
        {own}
        <span class="tile-name">
          {client.own.isMuted.value && <Icon name="micOff" size={14} />}
          {t('peer.you')}
          {client.own.isMuted.value && <span class="sr-only">{t('peer.muted')}</span>}
        </span>
      </div>
    </div>
  );
}
