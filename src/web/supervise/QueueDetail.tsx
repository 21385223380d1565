/** One queue: its card, the day so far, and its latest conversations, each with how it was routed. */
import { useEffect, useState } from 'preact/hooks';
import { clientName } from '../desk/clientName.ts';
import { useDesk } from '../desk/context.ts';
import { PlaceLink } from '../desk/PlaceLink.tsx';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { age } from '../ui/time.ts';
import { type OverviewQueue, type PastItem, superviseApi } from './api.ts';
import { Figure, QueueCard } from './QueueCard.tsx';
import { language, t } from './texts.ts';
import { useLook } from './useLook.ts';
import { share, stopwatch } from './words.ts';

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
      <Recent queue={queue.id} key={figures ? `${figures.waiting}/${figures.inService}/${figures.today.handled}` : ''} />
    </div>
  );
}

function Recent({ queue }: { queue: string }) {
  const [items, setItems] = useState<readonly PastItem[]>();
  useEffect(() => {
    let isPast = false;
    superviseApi.recent(queue).then(
      (found) => isPast || setItems(found),
      () => isPast || setItems([]),
    );
    return () => {
      isPast = true;
    };
  }, []);
  return (
    <section class="recent" aria-label={t('recent')}>
      <h3>{t('recent')}</h3>
      {items?.length === 0 && <p class="overview-wait">{t('recent.none')}</p>}
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
