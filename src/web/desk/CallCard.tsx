/** The agent's own call while something else is shown: how it stands, hold, hang up, and the way to it. */
import type { CallView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { callClock } from './calls.ts';
import { clientName } from './clientName.ts';
import { useDesk } from './context.ts';
import { t } from './texts.ts';

export function CallCard({ call }: { call: CallView }) {
  const desk = useDesk();
  const { interaction, state } = call;
  const row = desk.rows.find(interaction);
  const name = row ? clientName(row.client) : call.caller;
  const canHold = state === 'talking' || state === 'held';
  return (
    <article class="call-card" aria-label={t('call.yours')}>
      <button type="button" class="call-card-open" onClick={() => desk.show(interaction)}>
        <Icon name="phone" size={18} />
        <span class="row-words">
          <strong>{name}</strong>
          <span>
            {t(`call.state.${state}`)} · <span role="timer">{callClock(call, now.value)}</span>
          </span>
        </span>
      </button>
      {canHold && (
        <button
          type="button"
          class="icon-button"
          aria-label={t(state === 'held' ? 'call.resume' : 'call.hold')}
          title={t(state === 'held' ? 'call.resume' : 'call.hold')}
          onClick={() => void desk.command(interaction, { do: state === 'held' ? 'resume' : 'hold' })}
        >
          <Icon name={state === 'held' ? 'play' : 'pause'} size={18} />
        </button>
      )}
      <button
        type="button"
        class="icon-button is-danger"
        aria-label={t('call.hangUp')}
        title={t('call.hangUp')}
        onClick={() => void desk.command(interaction, { do: 'hangup' })}
      >
        <Icon name="hangUp" size={18} />
      </button>
    </article>
  );
}
