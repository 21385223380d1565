/** CHT-5: one conversation in a list. */
import type { InteractionView } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { age, lasting } from '../ui/time.ts';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { MEDIUM_ICONS } from './OfferCard.tsx';
import { presenceDot } from './presenceDot.ts';
import { needsAnswer } from './rows.ts';
import { language, t } from './texts.ts';

export function Row({ row }: { row: InteractionView }) {
  const desk = useDesk();
  const isOpen = desk.openId.value === row.id;
  const isUnanswered = needsAnswer(row);
  const last = row.lastMessage;
  const who = last && last.role !== 'customer' ? t('row.you') : '';
  const isOthers = row.owner && row.owner.id !== desk.me.user.id;
  return (
    <button
      type="button"
      class={`conversation-row${isOpen ? ' is-open' : ''}${row.unread > 0 ? ' is-unread' : ''}`}
      aria-current={isOpen || undefined}
      onClick={() => desk.show(row.id)}
    >
      <Avatar name={clientName(row.client)} id={row.client.id} state={presenceDot(row)} />
      <span class="row-words">
        <span class="row-top">
          <strong>{clientName(row.client)}</strong>
          <time>{age(last?.at ?? row.createdAt, now.value, language.value)}</time>
        </span>
        <span class="row-text">
          {isOthers ? '' : who}
          {last?.text}
        </span>
        <Tags row={row} isOthers={Boolean(isOthers)} />
      </span>
      {row.unread > 0 ? (
        <span class="count" role="img" aria-label={t('row.unread', { count: row.unread })}>
          {row.unread}
        </span>
      ) : (
        isUnanswered && <span class="blue-dot" role="img" aria-label={t('row.unanswered')} title={t('row.unanswered')} />
      )}
    </button>
  );
}

function Tags({ row, isOthers }: { row: InteractionView; isOthers: boolean }) {
  const desk = useDesk();
  const queue = desk.agent.value?.queues.find(({ id }) => id === row.queue);
  const isEnded = row.state === 'ended';
  const isWaiting = !row.owner && !isEnded;
  return (
    <span class="row-tags">
      {row.medium !== 'chat' && (
        <em class="tag">
          <Icon name={MEDIUM_ICONS[row.medium]} size={13} />
          {t(`medium.${row.medium}`)}
        </em>
      )}
      {isWaiting && <em class="tag tag-warn">{t('row.waiting', { time: lasting(row.createdAt, now.value, language.value) })}</em>}
      {isEnded && <em class="tag">{t('row.ended')}</em>}
      {row.client.presence === 'reconnecting' && !isEnded && <em class="tag tag-warn">{t('row.away')}</em>}
      {isOthers && <em class="tag">{t('row.with', { name: row.owner?.name ?? '' })}</em>}
      {queue && <em class="tag tag-quiet">{queue.name}</em>}
    </span>
  );
}
