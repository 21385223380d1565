/** One queue: its card, the day so far, and its latest conversations, each with how it was routed. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../desk/api.ts';
import { clientName } from '../desk/clientName.ts';
import { useDesk } from '../desk/context.ts';
import { PlaceLink } from '../desk/PlaceLink.tsx';
import { errorText } from '../desk/texts.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { age } from '../ui/time.ts';
import { type OverviewQueue, type PastItem, superviseApi } from './api.ts';
import { Figure, QueueCard } from './QueueCard.tsx';
import { language, t } from './texts.ts';
import { useLook } from './useLook.ts';
import { share, stopwatch } from './words.ts';

/** Between two reads of the latest conversations. */
const RECENT_EVERY_MS = 2_000;

export function QueueDetail({ queue }: { queue: OverviewQueue }) {
  const desk = useDesk();
  useLook([queue.id]);
  const figures = desk.figures.all.value.get(queue.id);
  return (
    <div class="overview-inner">
      <PlaceLink to={{ name: 'overview' }} class="overview-back">
        <Icon name="back" size={18} />
        {t('title')}
      </PlaceLink>
      <h2 class="sr-only">{queue.name}</h2>
      <div class="detail">
        <QueueCard queue={queue} figures={figures} />
        {figures && (
          <article class="queue-card" aria-label={t('today')}>
            <header>
              <Icon name="clock" size={18} />
              <h3>{t('today')}</h3>
              <span class="figure-hint">{t('today.since')}</span>
            </header>
            <dl class="card-more">
              <Figure name={t('figure.answered')}>{figures.today.answered}</Figure>
              <Figure name={t('figure.handled')}>{figures.today.handled}</Figure>
              <Figure name={t('figure.lost')}>{figures.today.abandoned}</Figure>
              <Figure name={t('figure.serviceLevel')}>{optional(figures.today.serviceLevel, share)}</Figure>
              <Figure name={t('figure.averageWait')}>{optional(figures.today.averageWaitMs, stopwatch)}</Figure>
              <Figure name={t('figure.averageHandle')}>{optional(figures.today.averageHandleMs, stopwatch)}</Figure>
              <Figure name={t('figure.occupancy')} hint={t('figure.last15')}>
                {optional(figures.occupancy, share)}
              </Figure>
            </dl>
          </article>
        )}
      </div>
      {/* What happens in the queue moves its figures, and then the list is read again. */}
      <Recent queue={queue.id} moved={figures ? `${figures.waiting}/${figures.inService}/${figures.today.handled}` : ''} />
    </div>
  );
}

/** Read again when `moved` changes, in a busy queue every few seconds; what was read stays until then. */
function Recent({ queue, moved }: { queue: string; moved: string }) {
  const [items, setItems] = useState<readonly PastItem[]>();
  const [problem, setProblem] = useState('');
  const readAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const read = async () => {
      readAt.current = performance.now();
      try {
        setItems(await superviseApi.recent(queue));
        setProblem('');
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        setProblem(errorText(error.code));
      }
    };
    const timer = setTimeout(() => void read(), Math.max(0, readAt.current + RECENT_EVERY_MS - performance.now()));
    return () => clearTimeout(timer);
  }, [moved]);
  return (
    <section class="recent" aria-label={t('recent')}>
      <h3>{t('recent')}</h3>
      {problem && (
        <p class="overview-wait" role="alert">
          {problem}
        </p>
      )}
      {items?.length === 0 && !problem && <p class="overview-wait">{t('recent.none')}</p>}
      <ul>
        {(items ?? []).map((item) => (
          <li key={item.id}>
            <PlaceLink to={{ name: 'routing', interaction: item.id }} class="recent-row">
              <Avatar name={clientName(item.client)} id={item.client.id} />
              <span class="row-words">
                <strong>{clientName(item.client)}</strong>
                <span>
                  {t(`state.${item.state}`)}
                  {item.owner && ` · ${item.owner.name}`} · {age(item.createdAt, now.value, language.value)}
                </span>
              </span>
              <span class="recent-why">{t('why')}</span>
              <Icon name="forward" size={16} />
            </PlaceLink>
          </li>
        ))}
      </ul>
    </section>
  );
}

const optional = (value: number | undefined, words: (value: number) => string): string => (value === undefined ? '–' : words(value));
