/** RTE-8: the clock of a wrap-up, to end or extend it where the queue allows that. */
import { newKey } from '../socket/socketClient.ts';
import type { AgentView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { countdown } from '../ui/time.ts';
import { useDesk } from './context.ts';
import { t } from './texts.ts';

const EXTEND_SEC = 60;

export function WrapUpCard({ wrapUp }: { wrapUp: AgentView['wrapUps'][number] }) {
  const desk = useDesk();
  const { interaction, until, canEnd, canExtend } = wrapUp;
  return (
    <article class="wrap-up" aria-label={t('wrapUp.title')}>
      <Icon name="clock" />
      <div class="wrap-up-words">
        <strong>
          {t('wrapUp.title')} <span role="timer">{countdown(until, now.value)}</span>
        </strong>
        <span>{t('wrapUp.left')}</span>
      </div>
      {(canExtend || canEnd) && (
        <div class="wrap-up-buttons">
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
      )}
    </article>
  );
}
