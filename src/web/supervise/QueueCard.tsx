/** SUP-4, RTE-9: one queue as it is at this moment. */
import { PlaceLink } from '../desk/PlaceLink.tsx';
import type { QueueFigures } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import type { OverviewQueue } from './api.ts';
import { t } from './texts.ts';
import { share, stopwatch } from './words.ts';

export interface QueueCardProps {
  readonly queue: OverviewQueue;
  /** Undefined until the feed has told them. */
  readonly figures: QueueFigures | undefined;
}

export function QueueCard({ queue, figures }: QueueCardProps) {
  return (
    <article class="queue-card" aria-label={queue.name}>
      <header>
        <Icon name={queue.channel === 'voice' ? 'phone' : 'chat'} size={18} />
        <h3>
          <PlaceLink to={{ name: 'overview', queue: queue.id }} class="card-link">
            {queue.name}
          </PlaceLink>
        </h3>
        {!queue.isActive && <em class="tag tag-warn">{t('queue.off')}</em>}
        {figures && figures.waiting > 0 && figures.agentsOnline === 0 && <em class="tag tag-bad">{t('queue.nobody')}</em>}
      </header>
      {figures ? <Figures queue={queue} figures={figures} /> : <p class="card-wait">{t('loading')}</p>}
    </article>
  );
}

function Figures({ queue, figures }: { queue: OverviewQueue; figures: QueueFigures }) {
  const waitMs = figures.longestWaitSince === undefined ? undefined : Math.max(0, now.value - figures.longestWaitSince);
  const isLate = waitMs !== undefined && waitMs > queue.serviceLevelSec * 1_000;
  const { estimatedWaitMs, estimateErrorMs, serviceLevel, averageWaitMs } = figures;
  return (
    <>
      <dl class="card-main">
        <Figure name={t('figure.waiting')} class={figures.waiting > 0 ? 'is-big is-hot' : 'is-big'}>
          {figures.waiting}
        </Figure>
        <Figure name={t('figure.longest')} class={isLate ? 'is-late' : ''}>
          {waitMs === undefined ? '–' : stopwatch(waitMs)}
        </Figure>
        <Figure name={t('figure.inService')}>{figures.inService}</Figure>
      </dl>
      <AgentBar figures={figures} />
      <dl class="card-more">
        <Figure name={t('figure.averageWait')} hint={t('figure.last15')}>
          {averageWaitMs === undefined ? '–' : stopwatch(averageWaitMs)}
        </Figure>
        <Figure name={t('figure.serviceLevel')} hint={t('figure.within', { seconds: queue.serviceLevelSec })}>
          {serviceLevel === undefined ? '–' : share(serviceLevel)}
        </Figure>
        <Figure
          name={t('figure.estimate')}
          hint={estimateErrorMs === undefined ? t('figure.noError') : t('figure.error', { time: stopwatch(estimateErrorMs) })}
        >
          {estimatedWaitMs === undefined ? '–' : `≈ ${stopwatch(estimatedWaitMs)}`}
        </Figure>
        <Figure name={t('figure.answered')} hint={t('figure.abandoned', { count: figures.abandoned })}>
          {figures.answered}
        </Figure>
      </dl>
    </>
  );
}

/** Agents by state, as a bar and in words. */
function AgentBar({ figures }: { figures: QueueFigures }) {
  const { agentsAvailable, agentsPaused } = figures;
  const busy = Math.max(0, figures.agentsOnline - agentsAvailable);
  const parts = [
    { name: 'available', count: agentsAvailable },
    { name: 'busy', count: busy },
    { name: 'paused', count: agentsPaused },
  ] as const;
  return (
    <div class="agent-bar">
      <span class="bar" aria-hidden="true">
        {parts.map(
          ({ name, count }) =>
            count > 0 && <i key={name} class={`bar-${name}`} ref={(part) => part?.style.setProperty('flex-grow', String(count))} />,
        )}
      </span>
      <ul>
        {parts.map(({ name, count }) => (
          <li key={name}>
            <i class={`key bar-${name}`} aria-hidden="true" />
            {t(`agents.${name}`, { count })}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Figure({
  name,
  hint,
  class: kind = '',
  children,
}: {
  name: string;
  hint?: string;
  class?: string;
  children: string | number;
}) {
  return (
    <div class={`figure ${kind}`}>
      <dt>{name}</dt>
      <dd>
        {children}
        {hint && <span class="figure-hint">{hint}</span>}
      </dd>
    </div>
  );
}
