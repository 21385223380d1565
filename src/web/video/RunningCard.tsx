/** A call goes on in this conversation without this window: the way in. */
import { Icon } from '../ui/Icon.tsx';
import type { RoomClient } from './roomClient.ts';
import { useVideoTexts } from './texts.ts';

export function RunningCard({ client }: { client: RoomClient }) {
  const { t } = useVideoTexts();
  return (
    <section class="running-card" aria-label={t('region')}>
      <Icon name="video" size={20} />
      <p role="status">
        <strong>{t('ask.running')}</strong> {t('ask.running.hint')}
      </p>
      <button type="button" class="button primary" onClick={() => client.agree()}>
        {t('ask.join')}
      </button>
    </section>
  );
}
