/** One of the people in the call: their picture or their initials, name, whether they speak, are muted or away. */
import { useState } from 'preact/hooks';
import type { LinkQuality, RoomPeer } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import type { Flow } from './flow.ts';
import { Picture } from './Picture.tsx';
import { QualityMark } from './QualityMark.tsx';
import type { RemoteTrack } from './roomMedia.ts';
import { useVideoTexts } from './texts.ts';

export interface TileProps {
  readonly peer: RoomPeer;
  readonly name: string;
  /** What the colour of the initials is made of. */
  readonly faceId: string;
  readonly tracks: readonly RemoteTrack[];
  readonly isSpeaking: boolean;
  readonly link?: LinkQuality | undefined;
  /** The screen this peer shares, in place of the camera. */
  readonly isScreen?: boolean;
}

export function Tile({ peer, name, faceId, tracks, isSpeaking, link, isScreen = false }: TileProps) {
  const { t } = useVideoTexts();
  const [flow, setFlow] = useState<Flow>('coming');
  const source = isScreen ? 'screen' : 'camera';
  const sent = (what: string) => peer.producers.find((producer) => producer.source === what);
  const picture = tracks.find((track) => track.peer === peer.id && track.source === source);
  const isShown = picture !== undefined && sent(source)?.isPaused === false && peer.state === 'joined';
  const voice = sent('microphone');
  const isMuted = !voice || voice.isPaused;
  const isAway = peer.state === 'away';
  // A screen on which nothing happens is no reason to take it away.
  const lack = isShown && !isScreen && flow !== 'flowing' ? flow : undefined;
  const shown = isScreen ? t('peer.screen', { name }) : name;
  return (
    <div class={`tile${isSpeaking && !isScreen ? ' is-speaking' : ''}${isAway ? ' is-away' : ''}${isScreen ? ' is-screen' : ''}`}>
      {isShown && (
        <Picture label={isScreen ? shown : t('peer.picture', { name })} stream={picture.stream} remote={picture} onFlow={setFlow} />
      )}
      {(!isShown || lack) && (
        <span class={isShown ? 'tile-face is-over' : 'tile-face'}>
          <Avatar name={name} id={faceId} size="lg" />
        </span>
      )}
      <span class="tile-name">
        {isMuted && !isScreen && <Icon name="micOff" size={14} />}
        <bdi>{shown}</bdi>
        <span class="sr-only">
          {[
            isMuted && !isScreen && t('peer.muted'),
            !isShown && !isScreen && t('peer.noCamera'),
            isSpeaking && !isScreen && t('peer.speaking'),
          ]
            .filter(Boolean)
            .join(', ')}
        </span>
        {isAway && <em>{t('peer.away.short')}</em>}
        {lack && <em>{t(`peer.${lack}`)}</em>}
        {link && !isScreen && <QualityMark link={link} name={name} />}
      </span>
    </div>
  );
}
