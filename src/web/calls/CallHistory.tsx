/** The history of calls: own ones, those of the queues one supervises, or all. A page of its own in the desk, loaded when it is opened first. */
import { useEffect, useState } from 'preact/hooks';
import { useDesk } from '../desk/context.ts';
import { PlaceLink } from '../desk/PlaceLink.tsx';
import { useArrivalFocus } from '../desk/useArrivalFocus.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { clock, dayName } from '../ui/time.ts';
import { type CallItem, callsApi, RESULTS, type Result } from './api.ts';
import { CallDetails } from './CallDetails.tsx';
import './calls.css';
import { language, spanText, t } from './texts.ts';

export function CallHistory({ interaction }: { interaction: string | undefined }) {
  const arrival = useArrivalFocus(interaction ?? '');
  return (
    <section class="screen calls" aria-label={t('title')} ref={arrival} tabIndex={-1}>
      <div class="calls-inner">{interaction === undefined ? <CallList /> : <CallDetails key={interaction} id={interaction} />}</div>
    </section>
  );
}

function CallList() {
  const desk = useDesk();
  const [result, setResult] = useState<Result | ''>('');
  const [number, setNumber] = useState('');
  const [isOwn, setOwn] = useState(false);
  const [items, setItems] = useState<readonly CallItem[]>();
  const [next, setNext] = useState<string>();
  const [isFailed, setFailed] = useState(false);
  const digits = number.replace(/[\s().\-/]/g, '');
  const isNumber = /^(\+?[0-9*#]{1,32})?$/.test(digits);
  const filters = { result, number: digits, agent: isOwn ? desk.me.user.id : '' };
  const load = async (cursor: string | undefined, isWanted: () => boolean): Promise<void> => {
    try {
      const page = await callsApi.list({ ...filters, cursor });
      if (!isWanted()) return;
      setItems((before) => (cursor === undefined ? page.items : [...(before ?? []), ...page.items]));
      setNext(page.nextCursor);
      setFailed(false);
    } catch {
      if (isWanted()) setFailed(true);
    }
  };
  useEffect(() => {
    if (!isNumber) return;
    let isWanted = true;
    void load(undefined, () => isWanted);
    return () => {
      isWanted = false;
    };
  }, [result, digits, isOwn]);
  return (
    <>
      <header class="calls-head">
        <h2>{t('title')}</h2>
        <div class="calls-filters">
          <label>
            <span class="sr-only">{t('filter.number')}</span>
            <input
              class="input"
              type="search"
              inputMode="tel"
              placeholder={t('filter.number')}
              value={number}
              maxLength={40}
              aria-invalid={!isNumber || undefined}
              onInput={(event) => setNumber(event.currentTarget.value)}
            />
          </label>
          <label>
            <span class="sr-only">{t('filter.result')}</span>
            <select class="input" value={result} onChange={(event) => setResult(event.currentTarget.value as Result | '')}>
              <option value="">{t('filter.all')}</option>
              {RESULTS.map((name) => (
                <option key={name} value={name}>
                  {t(`result.${name}`)}
                </option>
              ))}
            </select>
          </label>
          <label class="tick-line">
            <input type="checkbox" checked={isOwn} onChange={(event) => setOwn(event.currentTarget.checked)} />
            {t('filter.own')}
          </label>
        </div>
      </header>
      {isFailed && (
        <p class="calls-wait" role="alert">
          {t('failed')}
        </p>
      )}
      {!isFailed && items === undefined && (
        <p class="calls-wait" role="status">
          {t('loading')}
        </p>
      )}
      {items?.length === 0 && (
        <p class="calls-wait" role="status">
          {t('none')}
        </p>
      )}
      {items && items.length > 0 && (
        <ul class="calls-list">
          {items.map((item) => (
            <li key={item.interaction}>
              <CallRow item={item} />
            </li>
          ))}
        </ul>
      )}
      {next !== undefined && (
        <button type="button" class="button centered" onClick={() => void load(next, () => true)}>
          {t('more')}
        </button>
      )}
    </>
  );
}

function CallRow({ item }: { item: CallItem }) {
  const { caller, number, queue, agent, result, direction, outcome } = item;
  const isOut = direction === 'outbound';
  const who = caller.name || number || t('unknown');
  return (
    <PlaceLink to={{ name: 'calls', interaction: item.interaction }} class="call-row">
      <span class={`call-way is-${result}`} title={t(`direction.${direction}`)}>
        <Icon name={direction === 'inbound' ? 'callIn' : 'callOut'} size={18} />
        <span class="sr-only">{t(`direction.${direction}`)}</span>
      </span>
      <span class="row-words">
        <strong>
          <bdi>{who}</bdi>
        </strong>
        <span>
          {number !== '' && number !== who && (
            <>
              <bdi>{number}</bdi> ·{' '}
            </>
          )}
          {queue?.name ?? t('own')}
          {agent && ` · ${agent.name}`}
          {outcome && ` · ${outcome.name || outcome.id}`}
        </span>
      </span>
      <span class="call-facts">
        <em class={`tag ${result === 'answered' ? 'tag-good' : result === 'in_progress' ? '' : 'tag-bad'}`}>{t(`result.${result}`)}</em>
        <span>
          {item.talkMs === undefined
            ? t(isOut ? 'rang' : 'waited', { time: spanText(item.waitMs) })
            : t(isOut ? 'talkedAfter' : 'talked', { time: spanText(item.talkMs), wait: spanText(item.waitMs) })}
        </span>
      </span>
      <time class="call-when">
        {dayName(item.createdAt, now.value, language.value)}, {clock(item.createdAt, language.value)}
      </time>
    </PlaceLink>
  );
}
