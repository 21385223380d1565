/**
 * Whether the frames of a picture come: a link too thin for pictures carries sound alone (VID-8), and a face that stands still says less than a name. Created with a shown
 * picture, ended by what `followFlow` returns.
 */

/** coming: none yet. still: none for a while. */
export type Flow = 'coming' | 'flowing' | 'still';

/** Longer than the pause between frames of the thinnest layer, and than a key frame takes that was asked for. */
const STILL_MS = 4_000;
const LOOK_MS = 1_000;

export function followFlow(video: HTMLVideoElement, onFlow: (flow: Flow) => void): () => void {
  // A browser that cannot tell of frames: what is there counts.
  if (!('requestVideoFrameCallback' in video)) {
    onFlow('flowing');
    return () => undefined;
  }
  let lastAt: number | undefined;
  const onFrame = (): void => {
    if (lastAt === undefined || performance.now() - lastAt > STILL_MS) onFlow('flowing');
    lastAt = performance.now();
    frame = video.requestVideoFrameCallback(onFrame);
  };
  let frame = video.requestVideoFrameCallback(onFrame);
  const looking = setInterval(() => {
    if (lastAt === undefined) return;
    // A page that nobody looks at is sent no pictures.
    if (document.visibilityState !== 'visible') lastAt = performance.now();
    else if (performance.now() - lastAt > STILL_MS) onFlow('still');
  }, LOOK_MS);
  return () => {
    clearInterval(looking);
    video.cancelVideoFrameCallback(frame);
    onFlow('coming');
  };
}
