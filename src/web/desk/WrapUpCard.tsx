/** RTE-8: the clock of a wrap-up, whose it is and how it ended (APP-7), to end or extend it where the queue allows that. */
import { useState } from 'preact/hooks';
import { newKey } from '../socket/socketClient.ts';
import type { AgentView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { countdown } from '../ui/time.ts';
import { useDesk } from './context.ts';
import { Dialog } from './Dialog.tsx';
import { OutcomeForm } from './OutcomeForm.tsx';
import { t } from './texts.ts';

const EXTEND_SEC = 60;

export function WrapUpCard({ wrapUp }: { wrapUp: AgentView['wrapUps'][number] }) {
  const desk = useDesk();
  const { interaction, until, canEnd, canExtend, queue, client, outcome } = wrapUp;
  const [isAsking, setAsking] = useState(false);
  const outcomeName = desk.queueSettings.value.get(queue)?.outcomes.find(({ id }) => id === outcome)?.name;
  const say = async (said: { readonly outcome?: string; readonly note?: string }) => {
    if (await desk.run({ t: 'wrapUp.outcome', key: newKey(), interaction, ...said })) setAsking(false);
  };
  return (
    <article class="wrap-up" aria-label={t('wrapUp.title')}>
      <Icon name="clock" />
      <div class="wrap-up-words">
        <strong>
          {t('wrapUp.title')} <span role="timer">{countdown(until, now.value)}</span>
        </strong>
        <span>{[client, outcomeName].filter(Boolean).join(' · ') || t('wrapUp.left')}</span>
      </div>
      <div class="wrap-up-buttons">
        <button type="button" class="button" onClick={() => setAsking(true)}>
          {t('wrapUp.outcome')}
        </button>
        {canExtend && (
          <button
            type="button"
            class="button"
            onClick={() => void desk.run({ t: 'wrapUp.extend', key: newKey(), interaction, bySec: EXTEND_SEC })}
          >
            {t('wrapUp.extend')}
          </button>
        )}
        {canEnd && (
          <button type="button" class="button" onClick={() => void desk.run({ t: 'wrapUp.end', key: newKey(), interaction })}>
            {t('wrapUp.end')}
          </button>
        )}
      </div>
      {isAsking && (
        <Dialog title={t('wrapUp.outcome.title')} onClose={() => setAsking(false)}>
          <OutcomeForm
            queue={queue}
            chosen={outcome}
            submitText={t('wrapUp.outcome.save')}
            onSubmit={say}
            onCancel={() => setAsking(false)}
          />
        </Dialog>
      )}
    </article>
  );
}
