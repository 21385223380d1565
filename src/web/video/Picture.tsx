/** A moving picture: of one's own camera, or of something received, which is then asked for in the size it is shown in. */
import { createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef } from 'preact/hooks';
import { type Flow, followFlow } from './flow.ts';
import type { RemoteTrack } from './roomMedia.ts';
import type { Watching } from './watching.ts';

const WatchingContext = createContext<Watching | undefined>(undefined);
export const WatchingProvider = WatchingContext.Provider;

/** A picture fills its place as long as that much of it is seen: one of a phone held upright, in a wide place, would be cut to a stripe. */
const LEAST_SHARE = 0.6;

export interface PictureProps {
  readonly label: string;
  readonly stream: MediaStream;
  /** What it is received as; absent for one's own. */
  readonly remote?: RemoteTrack;
  readonly isMirrored?: boolean;
  onFlow?: (flow: Flow) => void;
}

export function Picture({ label, stream, remote, isMirrored = false, onFlow }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  const watching = useContext(WatchingContext);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    element.srcObject = stream;
    // Interrupted by the next one, or by a browser that saves power: it goes on when it is seen again.
    element.play().catch((error: unknown) => console.debug('centralino: the picture does not play yet', error));
    return () => {
      element.srcObject = null;
    };
  }, [stream]);
  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const fit = () => element.classList.toggle('is-whole', shareSeen(element) < LEAST_SHARE);
    const sizes = new ResizeObserver(fit);
    sizes.observe(element);
    element.addEventListener('resize', fit);
    return () => {
      sizes.disconnect();
      element.removeEventListener('resize', fit);
    };
  }, []);
  useEffect(() => (onFlow && video.current ? followFlow(video.current, onFlow) : undefined), [stream, onFlow]);
  useEffect(() => (remote && watching && video.current ? watching.show(remote.id, video.current) : undefined), [remote?.id, watching]);
  return (
    <video
      ref={video}
      class={isMirrored ? 'picture is-mirrored' : 'picture'}
      aria-label={label}
      data-peer={remote?.peer ?? 'own'}
      data-source={remote?.source ?? 'camera'}
      autoPlay
      playsInline
      muted
    />
  );
}

/** Of the picture's area when it fills its place. */
function shareSeen({ videoWidth, videoHeight, clientWidth, clientHeight }: HTMLVideoElement): number {
  if (!videoWidth || !videoHeight || !clientWidth || !clientHeight) return 1;
  const [picture, place] = [videoWidth / videoHeight, clientWidth / clientHeight];
  return Math.min(picture, place) / Math.max(picture, place);
}

export function OwnPicture({ label, track, isMirrored = true }: { label: string; track: MediaStreamTrack; isMirrored?: boolean }) {
  const stream = useMemo(() => new MediaStream([track]), [track]);
  return <Picture label={label} stream={stream} isMirrored={isMirrored} />;
}
