/** VID-8: how good a link is, as three bars; in words when it is poor or bad, with the figures for who wants to know. */
import type { LinkQuality } from '../socket/wire.ts';
import { useVideoTexts } from './texts.ts';

const BARS = { good: 3, fair: 2, poor: 1, bad: 1 } as const;

export function QualityMark({ link, name, hasWords = false }: { link: LinkQuality; name: string; hasWords?: boolean }) {
  const { t } = useVideoTexts();
  const level = t(`quality.${link.level}`);
  const figures = {
    kbps: Math.round(link.sendKbps + link.receiveKbps),
    loss: Math.round(link.lossPct * 10) / 10,
    rtt: Math.round(link.rttMs ?? 0),
  };
  const detail = t(link.rttMs === undefined ? 'quality.figures.noRtt' : 'quality.figures', figures);
  const isTold = hasWords && (link.level === 'poor' || link.level === 'bad');
  return (
    <span class={`quality is-${link.level}`} title={`${level} · ${detail}`}>
      <span class="quality-bars" aria-hidden="true">
        {[1, 2, 3].map((bar) => (
          <i key={bar} class={bar <= BARS[link.level] ? 'is-on' : ''} />
        ))}
      </span>
      {isTold ? <span>{level}</span> : <span class="sr-only">{t('quality.of', { name, level: `${level} · ${detail}` })}</span>}
    </span>
  );
}
