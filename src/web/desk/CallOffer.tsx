/** RTE-6 for a phone call: who calls from which number, since when they wait, and that the phone rings. */
import { useEffect, useState } from 'preact/hooks';
import type { AgentView, CallView, InteractionView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { lasting } from '../ui/time.ts';
import { api } from './api.ts';
import { clientName } from './clientName.ts';
import { language, t } from './texts.ts';

/** A registered phone is a live device under its own id. */
export const hasLivePhone = (agent: AgentView | undefined): boolean =>
  agent?.devices.some(({ id, isLive }) => isLive && id.startsWith('phn_')) ?? false;

export function CallOffer({ interaction, isRinging }: { interaction: InteractionView; isRinging: boolean }) {
  const [call, setCall] = useState<Partial<CallView>>();
  useEffect(() => {
    // Known of a call that an agent has had already; the card serves without.
    api.call(interaction.id).then(setCall, () => undefined);
  }, [interaction.id]);
  const number = call?.caller;
  return (
    <>
      <p class="offer-text">
        {number && number !== clientName(interaction.client) && <bdi>{number} · </bdi>}
        {t('call.waited', { time: lasting(interaction.createdAt, now.value, language.value) })}
      </p>
      {isRinging && (
        <p class="offer-phone">
          <Icon name="phone" size={15} />
          {t('call.answerOnPhone')}
        </p>
      )}
    </>
  );
}
