/** RTE-6: an offered conversation with the time that is left to accept it. */
import { Avatar } from '../ui/Avatar.tsx';
import { now } from '../ui/now.ts';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import type { Offer } from './desk.ts';
import { t } from './texts.ts';

export function OfferCard({ offer }: { offer: Offer }) {
  const desk = useDesk();
  const { interaction, expiresAt } = offer;
  const leftMs = Math.max(0, expiresAt - now.value);
  const queue = desk.agent.value?.queues.find(({ id }) => id === interaction.queue);
  return (
    <article class="offer" aria-label={t('offer.title')}>
      <p class="sr-only" role="alert">
        {t('offer.title')}: {clientName(interaction.client)}
      </p>
      <p class="offer-head">
        <strong>{t('offer.title')}</strong>
        <span>{t('offer.left', { seconds: Math.ceil(leftMs / 1_000) })}</span>
      </p>
      <div class="offer-body">
        <Avatar name={clientName(interaction.client)} id={interaction.client.id} />
        <div class="row-words">
          <strong>
            {clientName(interaction.client)}
            {queue && <em class="tag tag-quiet">{queue.name}</em>}
          </strong>
          <p class="offer-text">{interaction.lastMessage?.text}</p>
        </div>
      </div>
      <div class="offer-buttons">
        <button type="button" class="button" onClick={() => void desk.decline(offer)}>
          {t('offer.decline')}
        </button>
        <button type="button" class="button primary" onClick={() => void desk.accept(offer)}>
          {t('offer.accept')}
        </button>
      </div>
      <span class="offer-time" aria-hidden="true">
        <i ref={(bar) => bar?.style.setProperty('transform', `scaleX(${Math.min(1, leftMs / 20_000)})`)} />
      </span>
    </article>
  );
}
