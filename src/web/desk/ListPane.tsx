/** The list column: own status, wrap-up, offers, figures, and the rows of the chosen list (CHT-2, CHT-5). */

import { newKey } from '../socket/socketClient.ts';
import { Icon } from '../ui/Icon.tsx';
import { CallCard } from './CallCard.tsx';
import { useDesk } from './context.ts';
import { OfferCard } from './OfferCard.tsx';
import { Row } from './Row.tsx';
import { rowsOf, sorted } from './rows.ts';
import { StatusMenu } from './StatusMenu.tsx';
import { t } from './texts.ts';
import { WrapUpCard } from './WrapUpCard.tsx';

export function ListPane() {
  const desk = useDesk();
  const list = desk.list.value;
  const rows = sorted(rowsOf(list, desk.rows.all.value, desk.me.user.id), desk.isByLastMessage.value);
  const agent = desk.agent.value;
  const mine = new Set(agent?.queues.map(({ id }) => id));
  const figures = [...desk.figures.all.value.values()].filter(({ queue }) => mine.has(queue));
  const waiting = figures.reduce((sum, figure) => sum + figure.waiting, 0);
  const online = figures.reduce((most, figure) => Math.max(most, figure.agentsOnline), 0);
  // The call that is shown beside has its controls there.
  const myCalls = desk.calls.live.value.filter(
    ({ interaction }) => interaction !== desk.openId.value && desk.rows.find(interaction)?.owner?.id === desk.me.user.id,
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLButtonElement>('.conversation-row')];
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    buttons[Math.max(0, Math.min(buttons.length - 1, at + (event.key === 'ArrowDown' ? 1 : -1)))]?.focus();
    event.preventDefault();
  };
  return (
    <section class="list-pane" aria-label={t('list.conversations')}>
      <div class="list-status">
        <StatusMenu />
      </div>
      {agent?.wrapUps.map((wrapUp) => (
        <WrapUpCard key={wrapUp.interaction} wrapUp={wrapUp} />
      ))}
      {myCalls.map((call) => (
        <CallCard key={call.id} call={call} />
      ))}
      {desk.offers.value.map((offer) => (
        <OfferCard key={offer.interaction.id} offer={offer} />
      ))}
      {agent?.isPhoneless && agent.status !== 'signed_out' && (
        <p class="list-notice" role="status">
          <Icon name="phone" size={16} />
          {t('list.phoneless')}
        </p>
      )}
      <div class="list-head">
        <h2>
          {t(`list.${list}`)} <span class="list-count">{rows.length}</span>
        </h2>
        <span class="list-figures">
          {t('figures.waiting', { count: waiting })} · {t('figures.online', { count: online })}
        </span>
        <button
          type="button"
          class="icon-button"
          aria-pressed={desk.isByLastMessage.value}
          aria-label={t('list.sort')}
          title={t('list.sort')}
          onClick={() => (desk.isByLastMessage.value = !desk.isByLastMessage.value)}
        >
          <Icon name="sort" />
        </button>
      </div>
      {rows.length > 0 ? (
        <ul class="conversation-rows" onKeyDown={onKeyDown}>
          {rows.map((row) => (
            <li key={row.id}>
              <Row row={row} />
            </li>
          ))}
        </ul>
      ) : (
        <Empty isSignedOut={agent?.status === 'signed_out' && agent.queues.length > 0} />
      )}
    </section>
  );
}

function Empty({ isSignedOut }: { isSignedOut: boolean }) {
  const desk = useDesk();
  const list = isSignedOut ? 'signedOut' : desk.list.value;
  return (
    <div class="empty">
      <span class="empty-mark">
        <Icon name={isSignedOut ? 'play' : 'inbox'} size={26} />
      </span>
      <strong>{t(`list.empty.${list}`)}</strong>
      <p>{t(`list.empty.${list}.hint`)}</p>
      {isSignedOut && (
        <button type="button" class="button primary" onClick={() => void desk.run({ t: 'agent.signIn', key: newKey() })}>
          {t('status.signIn')}
        </button>
      )}
    </div>
  );
}
