/** RTE-6 for a phone call: who calls from which number, since when they wait, and that the phone rings. */
import { useEffect, useState } from 'preact/hooks';
import type { AgentView, CallView, InteractionView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { lasting } from '../ui/time.ts';
import { api } from './api.ts';
import { clientName } from './clientName.ts';
import { language, t } from './texts.ts';

/** Some 15 s in all. */
const [TRIES, FIRST_WAIT_MS] = [6, 250];

/** A registered phone is a live device under its own id. */
export const hasLivePhone = (agent: AgentView | undefined): boolean =>
  agent?.devices.some(({ id, isLive }) => isLive && id.startsWith('phn_')) ?? false;

export function CallOffer({ interaction, isRinging }: { interaction: InteractionView; isRinging: boolean }) {
  const [call, setCall] = useState<Partial<CallView>>();
  useEffect(() => {
    let [timer, tries]: [ReturnType<typeof setTimeout> | undefined, number] = [undefined, 0];
    // Phones ring from a call's first moment on, when nothing may be noted of it yet.
    const ask = async () => {
      const found = await api.call(interaction.id).catch(() => undefined);
      if (found?.id !== undefined) setCall(found);
      else if (tries < TRIES) timer = setTimeout(ask, FIRST_WAIT_MS * 2 ** tries++);
    };
    void ask();
    return () => {
      tries = TRIES;
      clearTimeout(timer);
    };
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
