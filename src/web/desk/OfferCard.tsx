/** RTE-6: what is offered, by which medium, with the time that is left to accept it. */
import { useState } from 'preact/hooks';
import type { InteractionView } from '../socket/wire.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { CallOffer, hasLivePhone } from './CallOffer.tsx';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import type { Offer } from './desk.ts';
import { t } from './texts.ts';

export const MEDIUM_ICONS: Readonly<Record<InteractionView['medium'], IconName>> = { chat: 'chat', voice: 'phone', video: 'video' };

export function OfferCard({ offer }: { offer: Offer }) {
  const desk = useDesk();
  const { interaction, expiresAt } = offer;
  const leftMs = Math.max(0, expiresAt - now.value);
  // The bar begins full with what was left when the offer came here.
  const [wholeMs] = useState(() => Math.max(1_000, expiresAt - Date.now()));
  const queue = desk.agent.value?.queues.find(({ id }) => id === interaction.queue);
  // Answering happens on the phone, where there is one.
  const isRinging = interaction.medium === 'voice' && hasLivePhone(desk.agent.value);
  const title = t(`offer.title.${interaction.medium}`);
  return (
    <article class="offer" aria-label={title}>
      <p class="sr-only" role="alert">
        {title}: {clientName(interaction.client)}
      </p>
      <p class="offer-head">
        <strong>
          <Icon name={MEDIUM_ICONS[interaction.medium]} size={16} />
          {title}
        </strong>
        <span>{t('offer.left', { seconds: Math.ceil(leftMs / 1_000) })}</span>
      </p>
      <div class="offer-body">
        <Avatar name={clientName(interaction.client)} id={interaction.client.id} />
        <div class="row-words">
          <strong>
            {clientName(interaction.client)}
            {queue && <em class="tag tag-quiet">{queue.name}</em>}
          </strong>
          {interaction.medium === 'voice' && <CallOffer interaction={interaction} isRinging={isRinging} />}
          {interaction.lastMessage && <p class="offer-text">{interaction.lastMessage.text}</p>}
        </div>
      </div>
      <div class="offer-buttons">
        <button type="button" class="button" onClick={() => void desk.decline(offer)}>
          {t('offer.decline')}
        </button>
        {!isRinging && (
          <button type="button" class="button primary" onClick={() => void desk.accept(offer)}>
            {t('offer.accept')}
          </button>
        )}
      </div>
      <span class="offer-time" aria-hidden="true">
        <i ref={(bar) => bar?.style.setProperty('transform', `scaleX(${Math.min(1, leftMs / wholeMs)})`)} />
      </span>
    </article>
  );
}
