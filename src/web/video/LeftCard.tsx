/** After a call: why it is over, and the ways on. */
import { Icon } from '../ui/Icon.tsx';
import type { LeftBecause } from './callState.ts';
import type { RoomClient } from './roomClient.ts';
import { problemKey, useVideoTexts } from './texts.ts';

export function LeftCard({ client, because, why }: { client: RoomClient; because: LeftBecause; why: string }) {
  const { t } = useVideoTexts();
  const problem = client.problem.value;
  const isRunning = client.isOpen.value;
  const canAgain = because !== 'over' && because !== 'refused';
  return (
    <section class="left-card" aria-label={t('region')}>
      <span class="ask-mark">
        <Icon name="hangUp" size={22} />
      </span>
      <strong role="status">{t(`left.${because}`)}</strong>
      {(because === 'failed' || because === 'refused') && <p>{why || t(problemKey(problem ?? ''))}</p>}
      <div class="check-buttons">
        {canAgain && (
          <button type="button" class="button" onClick={() => client.begin(client.kind.value)}>
            {t(isRunning ? 'left.rejoin' : 'left.again')}
          </button>
        )}
        <button type="button" class="button primary" onClick={() => client.dismiss()}>
          {t('left.done')}
        </button>
      </div>
    </section>
  );
}
