/**
 * VOX-4: how well the call is heard, as a small meter: that of the phone that fares worst, in words, with its figures where they explain something.
 * Drawn while figures come; without any nothing is said.
 */
import type { CallView, LegQuality } from '../socket/wire.ts';
import { now } from '../ui/now.ts';
import { useDesk } from './context.ts';
import { language, t } from './texts.ts';

type Grade = 'good' | 'fair' | 'poor';
const GRADES: readonly Grade[] = ['good', 'fair', 'poor'];

/**
 * From where on a phone is heard less than well, and badly. Delay as ITU-T G.114 (one way 150 and 400 ms); loss and jitter as G.711 without concealment and
 * a usual jitter buffer of 60 ms bear them.
 */
const LIMITS = {
  lossPct: { fair: 1, poor: 4 },
  jitterMs: { fair: 30, poor: 60 },
  rttMs: { fair: 300, poor: 800 },
} as const;

function gradeOf(quality: Pick<LegQuality, keyof typeof LIMITS>): Grade {
  const reaches = (grade: 'fair' | 'poor') =>
    (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).some((figure) => (quality[figure] ?? 0) >= LIMITS[figure][grade]);
  if (reaches('poor')) return 'poor';
  return reaches('fair') ? 'fair' : 'good';
}

export function CallQuality({ call }: { call: CallView }) {
  const desk = useDesk();
  const [worst] = desk.calls
    .qualities(call, now.value)
    .map((quality) => ({ ...quality, grade: gradeOf(quality) }))
    .sort((a, b) => GRADES.indexOf(b.grade) - GRADES.indexOf(a.grade) || b.lossPct - a.lossPct);
  if (!worst) return null;
  const { grade, lossPct, jitterMs, rttMs } = worst;
  const leg = call.legs.find(({ id }) => id === worst.legId);
  const figures = [
    t('call.quality.loss', { pct: lossPct.toLocaleString(language.value, { maximumFractionDigits: 1 }) }),
    t('call.quality.jitter', { ms: Math.round(jitterMs) }),
    ...(rttMs === undefined ? [] : [t('call.quality.trip', { ms: Math.round(rttMs) })]),
  ].join(' · ');
  const whose = t('call.quality.of', { name: leg?.name ?? '' });
  return (
    <span class={`call-quality is-${grade}`} title={`${whose} · ${figures}`}>
      <span class="call-quality-bars" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span role="status">{t(`call.quality.${grade}`)}</span>
      {grade !== 'good' && <small>{`${whose} · ${figures}`.replaceAll(/(\d) (?=%|ms)/g, '$1\u00a0')}</small>}
    </span>
  );
}
