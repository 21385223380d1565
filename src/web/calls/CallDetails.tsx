/** One call of the history: times, what happened one after the other, and each phone in it with how it ended and how good it was. */
import { useEffect, useState } from 'preact/hooks';
import { PlaceLink } from '../desk/PlaceLink.tsx';
import type { CallsKey } from '../i18n/calls.en.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { clock, dayName } from '../ui/time.ts';
import { type CallDetail, callsApi } from './api.ts';
import { language, spanText, t } from './texts.ts';

export function CallDetails({ id }: { id: string }) {
  const [call, setCall] = useState<CallDetail>();
  const [isFailed, setFailed] = useState(false);
  useEffect(
    () =>
      void callsApi.one(id).then(setCall, () => {
        setFailed(true);
      }),
    [id],
  );
  return (
    <>
      <PlaceLink to={{ name: 'calls' }} class="back-link">
        <Icon name="back" size={18} />
        {t('title')}
      </PlaceLink>
      {call ? (
        <Details call={call} />
      ) : (
        <p class="calls-wait" role={isFailed ? 'alert' : 'status'}>
          {t(isFailed ? 'failed' : 'loading')}
        </p>
      )}
    </>
  );
}

function Details({ call }: { call: CallDetail }) {
  const who = call.caller.name || call.number || t('unknown');
  return (
    <>
      <header class="calls-head">
        <h2>
          <bdi>{who}</bdi>
        </h2>
        <p class="call-sum">
          <em class={`tag ${call.result === 'answered' ? 'tag-good' : 'tag-bad'}`}>{t(`result.${call.result}`)}</em>
          {t(`direction.${call.direction}`)} · {call.queue?.name ?? t('own')} · {dayName(call.createdAt, now.value, language.value)},{' '}
          {clock(call.createdAt, language.value)}
        </p>
      </header>
      {call.outcome && <p class="call-sum">{t('outcome', { name: call.outcome.name || call.outcome.id })}</p>}
      {call.note !== '' && <p class="call-note">{call.note}</p>}
      <h3>{t('segments')}</h3>
      <ol class="call-segments">
        {call.segments.map((segment) => (
          <li key={segment.startedAt + segment.kind}>
            <time>{clock(segment.startedAt, language.value)}</time>
            <strong>{t(`segment.${segment.kind}`)}</strong>
            {segment.agent && <span>{segment.agent.name}</span>}
            {segment.endedAt !== undefined && <span class="quiet">{spanText(segment.endedAt - segment.startedAt)}</span>}
          </li>
        ))}
      </ol>
      <h3>{t('phones')}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, so keys must reach it */}
      <section class="table-scroll" tabIndex={0} aria-label={t('phones')}>
        <table class="call-phones">
          <thead>
            <tr>
              {(['who', 'role', 'talk', 'cause', 'loss', 'jitter', 'trip'] as const).map((name) => (
                <th key={name} scope="col">
                  {t(`column.${name}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {call.phones.map((phone) => (
              <tr key={phone.id}>
                <th scope="row">
                  <bdi>{phone.agent?.name || phone.name || t('unknown')}</bdi>
                </th>
                <td>{t(`role.${phone.role === 'customer' && call.direction === 'outbound' ? 'called' : phone.role}`)}</td>
                <td>{phone.answeredAt === undefined ? t('notAnswered') : spanText(phone.endedAt - phone.answeredAt)}</td>
                <td>{causeText(phone.cause)}</td>
                <td>{lossText(phone.quality)}</td>
                <td>{msText(phone.quality.jitterMs)}</td>
                <td>{msText(phone.quality.roundTripMs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

/** Words of ours in the reader's language; statuses and what phones say stand as they are. */
const CAUSES: Readonly<Record<string, CallsKey>> = {
  'hung up': 'cause.hungUp',
  'hung up at the desk': 'cause.hungUpAtTheDesk',
  'not answered': 'cause.notAnswered',
  transferred: 'cause.transferred',
  diverted: 'cause.diverted',
  cancelled: 'cause.cancelled',
  'consultation over': 'cause.consultationOver',
  lost: 'cause.lost',
  vanished: 'cause.vanished',
  'spend cap': 'cause.spendCap',
  'no common codec': 'cause.noCommonCodec',
  moved: 'cause.moved',
};
const causeText = (cause: string): string => {
  const known = CAUSES[cause];
  return known ? t(known) : cause;
};

const number = (value: number, digits: number): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);

function lossText({ packetsReceived = 0, packetsLost }: CallDetail['phones'][number]['quality']): string {
  if (packetsLost === undefined || packetsReceived + packetsLost === 0) return '–';
  return `${number((100 * packetsLost) / (packetsReceived + packetsLost), 1)} %`;
}

const msText = (ms: number | undefined): string => (ms === undefined ? '–' : `${number(ms, 1)} ms`);
