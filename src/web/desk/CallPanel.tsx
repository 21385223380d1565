/** VOX-4: a phone call under the head of its conversation: its state and clock, who is in it, and, in one's own call, everything that can be done. */
import { useState } from 'preact/hooks';
import type { CallCommandBody, CallView, LegView } from '../socket/wire.ts';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { CallQuality } from './CallQuality.tsx';
import { CallTargetDialog } from './CallTargetDialog.tsx';
import { callClock, ownLeg } from './calls.ts';
import { useDesk } from './context.ts';
import { Keypad } from './Keypad.tsx';
import { t } from './texts.ts';

export function CallPanel({ call, isMine }: { call: CallView; isMine: boolean }) {
  const desk = useDesk();
  const own = ownLeg(call, desk.me.user.id);
  const isOver = call.state === 'ended';
  const canAct = isMine && own !== undefined && !isOver;
  const others = call.legs.filter((leg) => leg !== own && leg.state !== 'gone');
  return (
    <section class={`call-panel is-${call.state}`} aria-label={t('medium.voice')}>
      <div class="call-line">
        <span class="call-mark">
          <Icon name={isOver ? 'hangUp' : 'phone'} size={18} />
        </span>
        <strong role="status">{t(`call.state.${call.state}`)}</strong>
        <span class="call-clock" role="timer">
          {callClock(call, now.value)}
        </span>
        {call.caller !== '' && (
          <span class="call-number">
            <bdi>{call.caller}</bdi>
          </span>
        )}
        {own?.isMuted && (
          <em class="tag tag-warn">
            <Icon name="micOff" size={13} />
            {t('call.muted')}
          </em>
        )}
        {!isOver && <CallQuality call={call} />}
        {canAct && (
          <span class="call-end">
            <Control icon="hangUp" text={t('call.hangUp')} isDanger onClick={() => void desk.command(call.interaction, { do: 'hangup' })} />
          </span>
        )}
      </div>
      {others.length > 1 && !isOver && (
        <ul class="call-legs" aria-label={t('call.legs')}>
          {others.map((leg) => (
            <Leg key={leg.id} leg={leg} canDrop={isMine && leg.role !== 'customer'} call={call} />
          ))}
        </ul>
      )}
      {canAct && <Controls call={call} own={own} />}
    </section>
  );
}

function Leg({ leg, canDrop, call }: { leg: LegView; canDrop: boolean; call: CallView }) {
  const desk = useDesk();
  return (
    <li>
      <span>
        <strong>
          <bdi>{leg.name}</bdi>
        </strong>{' '}
        {t(`call.role.${leg.role === 'customer' && call.direction === 'outbound' ? 'called' : leg.role}`)} · {t(`call.leg.${leg.state}`)}
      </span>
      {canDrop && (
        <button
          type="button"
          class="icon-button small"
          aria-label={t('call.drop', { name: leg.name })}
          title={t('call.drop', { name: leg.name })}
          onClick={() => void desk.command(call.interaction, { do: 'hangup', leg: leg.id })}
        >
          <Icon name="hangUp" size={16} />
        </button>
      )}
    </li>
  );
}

function Controls({ call, own }: { call: CallView; own: LegView }) {
  const desk = useDesk();
  const [asking, setAsking] = useState<'transfer' | 'consult'>();
  const [isKeypad, setKeypad] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const { interaction, state } = call;
  const tell = async (body: CallCommandBody): Promise<void> => {
    setBusy(true);
    await desk.command(interaction, body);
    setBusy(false);
  };
  const isConsulting = state === 'consulting';
  const isAlone = state === 'talking' || state === 'held';
  const isDialling = state === 'dialling';
  const hasAnswered = call.legs.some(({ role, state: leg }) => role === 'consult' && (leg === 'talking' || leg === 'held'));
  return (
    <>
      <div class="call-buttons" aria-busy={isBusy}>
        {isAlone && (
          <Control
            icon={state === 'held' ? 'play' : 'pause'}
            text={t(state === 'held' ? 'call.resume' : 'call.hold')}
            isOn={state === 'held'}
            onClick={() => void tell({ do: state === 'held' ? 'resume' : 'hold' })}
          />
        )}
        {!isDialling && (
          <Control
            icon={own.isMuted ? 'micOff' : 'mic'}
            text={t(own.isMuted ? 'call.unmute' : 'call.mute')}
            isOn={own.isMuted}
            onClick={() => void tell({ do: 'mute', isMuted: !own.isMuted })}
          />
        )}
        {!isDialling && <Control icon="keypad" text={t('call.keypad')} isOn={isKeypad} onClick={() => setKeypad(!isKeypad)} />}
        {isAlone && <Control icon="transfer" text={t('call.transfer')} onClick={() => setAsking('transfer')} />}
        {isAlone && <Control icon="person" text={t('call.consult')} onClick={() => setAsking('consult')} />}
        {isConsulting && (
          <>
            <Control
              icon="transfer"
              text={t('call.complete')}
              isDisabled={!hasAnswered}
              onClick={() => void tell({ do: 'consult.complete' })}
            />
            <Control icon="merge" text={t('call.conference')} isDisabled={!hasAnswered} onClick={() => void tell({ do: 'conference' })} />
            <Control icon="back" text={t('call.backToCaller')} onClick={() => void tell({ do: 'consult.cancel' })} />
          </>
        )}
      </div>
      {isKeypad && <Keypad onKeys={(keys) => desk.command(interaction, { do: 'keys', keys })} />}
      {asking && (
        <CallTargetDialog
          kind={asking}
          onChoose={async (to) => (await desk.command(interaction, { do: asking, to })) && setAsking(undefined)}
          onClose={() => setAsking(undefined)}
        />
      )}
    </>
  );
}

function Control({
  icon,
  text,
  isOn,
  isDanger = false,
  isDisabled = false,
  onClick,
}: {
  icon: IconName;
  text: string;
  isOn?: boolean;
  isDanger?: boolean;
  isDisabled?: boolean;
  onClick(): void;
}) {
  return (
    <button
      type="button"
      class={`call-button${isOn ? ' is-on' : ''}${isDanger ? ' is-danger' : ''}`}
      aria-pressed={isOn}
      disabled={isDisabled}
      onClick={onClick}
    >
      <Icon name={icon} />
      <span>{text}</span>
    </button>
  );
}
