/** How loud the microphone is. The bar is for the eye; the words under it say once that it was heard. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { useVideoTexts } from './texts.ts';

const HEARD_AT = 0.06;

export function LevelBar({ track }: { track: MediaStreamTrack }) {
  const { t } = useVideoTexts();
  const bar = useRef<HTMLSpanElement>(null);
  const [isHeard, setHeard] = useState(false);
  useEffect(() => {
    setHeard(false);
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    let shown = 0;
    const draw = () => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      const level = Math.min(1, Math.sqrt(power) * 4);
      shown = Math.max(level, shown * 0.9);
      bar.current?.style.setProperty('--level', shown.toFixed(3));
      if (level > HEARD_AT) setHeard(true);
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      void context.close();
    };
  }, [track]);
  return (
    <div class="level">
      <span class="level-bar" ref={bar} aria-hidden="true">
        <i />
      </span>
      <p role="status">{t(isHeard ? 'check.heard' : 'check.level')}</p>
    </div>
  );
}
