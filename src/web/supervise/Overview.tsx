/** SUP-4: the queues that one may see, live from their state feeds, those with most to do first; or one of them in detail. */
import { useEffect, useState } from 'preact/hooks';
import { Problem } from '../desk/api.ts';
import { useDesk } from '../desk/context.ts';
import { t as deskText, errorText } from '../desk/texts.ts';
import { useArrivalFocus } from '../desk/useArrivalFocus.ts';
import type { QueueFigures } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { type OverviewQueue, superviseApi } from './api.ts';
import './overview.css';
import { QueueCard } from './QueueCard.tsx';
import { QueueDetail } from './QueueDetail.tsx';
import { t } from './texts.ts';
import { useLook } from './useLook.ts';
import { stopwatch } from './words.ts';

/** Feeds followed at once; a socket may follow 300 in all. */
const CARDS_MAX = 60;
type Order = 'need' | 'name';

export function Overview({ queue }: { queue: string | undefined }) {
  const [queues, setQueues] = useState<readonly OverviewQueue[]>();
  const [problem, setProblem] = useState('');
  const load = () => {
    setProblem('');
    superviseApi.queues().then(setQueues, (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      setProblem(errorText(error.code));
    });
  };
  useEffect(load, []);
  const arrival = useArrivalFocus(queue ?? '');
  const one = queues?.find(({ id }) => id === queue);
  return (
    <section class="screen overview" aria-label={t('title')} ref={arrival} tabIndex={-1}>
      {queues === undefined ? (
        <div class="overview-wait" role={problem ? 'alert' : 'status'}>
          <p>{problem || t('loading')}</p>
          {problem && (
            <button type="button" class="button" onClick={load}>
              {deskText('place.reload')}
            </button>
          )}
        </div>
      ) : one ? (
        <QueueDetail key={one.id} queue={one} />
      ) : (
        <Cards queues={queues} />
      )}
    </section>
  );
}

function Cards({ queues }: { queues: readonly OverviewQueue[] }) {
  const desk = useDesk();
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<Order>('need');
  const wanted = search.trim().toLocaleLowerCase();
  const found = queues.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
  const shown = found.slice(0, CARDS_MAX);
  const figures = desk.figures.all.value;
  useLook(shown.map(({ id }) => id));
  const sorted = order === 'name' ? shown : [...shown].sort((a, b) => need(figures.get(b.id)) - need(figures.get(a.id)));
  const known = shown.flatMap(({ id }) => figures.get(id) ?? []);
  const since = Math.min(...known.map(({ longestWaitSince }) => longestWaitSince ?? Number.POSITIVE_INFINITY));
  return (
    <div class="overview-inner">
      <header class="overview-head">
        <h2>{t('title')}</h2>
        <p class="overview-sum">
          {t('sum.waiting', { count: known.reduce((sum, { waiting }) => sum + waiting, 0) })} ·{' '}
          {t('sum.inService', { count: known.reduce((sum, { inService }) => sum + inService, 0) })}
          {Number.isFinite(since) && ` · ${t('sum.longest', { time: stopwatch(now.value - since) })}`}
        </p>
        <div class="overview-tools">
          <label class="overview-search">
            <span class="sr-only">{t('search')}</span>
            <Icon name="search" size={18} />
            <input
              class="input"
              type="search"
              placeholder={t('search')}
              value={search}
              onInput={(event) => setSearch(event.currentTarget.value)}
            />
          </label>
          <label>
            <span class="sr-only">{t('order')}</span>
            <select class="input" value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
              <option value="need">{t('order.need')}</option>
              <option value="name">{t('order.name')}</option>
            </select>
          </label>
        </div>
      </header>
      {found.length === 0 && <p class="overview-wait">{t('none')}</p>}
      <ul class="queue-cards">
        {sorted.map((queue) => (
          <li key={queue.id}>
            <QueueCard queue={queue} figures={figures.get(queue.id)} />
          </li>
        ))}
      </ul>
      {found.length > CARDS_MAX && <p class="overview-wait">{t('tooMany', { shown: CARDS_MAX, count: found.length })}</p>}
    </div>
  );
}

/** Who waits longest needs somebody first. Minus infinity: nobody waits. */
function need(figures: QueueFigures | undefined): number {
  return -(figures?.longestWaitSince ?? Number.MAX_SAFE_INTEGER);
}
