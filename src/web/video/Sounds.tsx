/** What is heard of the others. Stays where it is while the pictures move, so the sound never breaks off; says so when the browser wants a touch first. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import type { RoomClient } from './roomClient.ts';
import type { RemoteTrack } from './roomMedia.ts';
import { useVideoTexts } from './texts.ts';

export function Sounds({ client }: { client: RoomClient }) {
  const { t } = useVideoTexts();
  const [isBlocked, setBlocked] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const sounds = client.tracks.value.filter(({ source }) => source === 'microphone' || source === 'screenAudio');
  const allow = () => {
    setBlocked(false);
    for (const element of place.current?.querySelectorAll('audio') ?? []) void element.play().catch(() => setBlocked(true));
  };
  return (
    <div ref={place} class="sounds">
      {sounds.map((remote) => (
        <Sound key={remote.id} remote={remote} onBlocked={() => setBlocked(true)} />
      ))}
      {isBlocked && (
        <button type="button" class="button primary sound-button" onClick={allow}>
          <Icon name="bell" size={18} />
          {t('do.sound')}
        </button>
      )}
    </div>
  );
}

function Sound({ remote, onBlocked }: { remote: RemoteTrack; onBlocked(): void }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (!element) return;
    element.srcObject = remote.stream;
    element.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') onBlocked();
    });
    return () => {
      element.srcObject = null;
    };
  }, [remote.stream]);
  // biome-ignore lint/a11y/useMediaCaption: people who talk just now; there is nothing to caption from
  return <audio ref={audio} autoPlay data-peer={remote.peer} data-source={remote.source} />;
}
