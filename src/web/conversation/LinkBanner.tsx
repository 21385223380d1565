/** Says so when the connection is gone, counts down to the next attempt, and lets the reader try at once. Nothing is shown for the first second. */
import { useEffect, useState } from 'preact/hooks';
import type { LinkState } from '../socket/socketClient.ts';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { type SharedTexts, useTexts } from '../ui/Texts.tsx';

const PATIENCE_MS = 1_000;

export function LinkBanner({ state, refusedText, onRetry }: { state: LinkState; refusedText: string; onRetry(): void }) {
  const { t } = useTexts();
  const [isShown, setShown] = useState(false);
  const isOpen = state.name === 'open';
  useEffect(() => {
    if (isOpen) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isOpen]);
  if (isOpen || !isShown) return <div role="status" />;
  const isRefused = state.name === 'refused';
  return (
    <>
      <div role="status" class="sr-only">
        {isRefused ? refusedText : t('link.offline')}
      </div>
      <div class={isRefused ? 'link-banner is-refused' : 'link-banner'}>
        <Icon name={isRefused ? 'alert' : 'retry'} size={16} />
        <span aria-hidden="true">{isRefused ? refusedText : words(state, t)}</span>
        {state.name === 'waiting' && (
          <button type="button" class="link" onClick={onRetry}>
            {t('link.now')}
          </button>
        )}
      </div>
    </>
  );
}

/** Seen, not read out: a countdown spoken every second would drown everything else. */
function words(state: LinkState, t: SharedTexts['t']): string {
  if (!navigator.onLine) return t('link.offline');
  if (state.name !== 'waiting') return t('link.connecting');
  return t('link.waiting', { seconds: Math.max(1, Math.ceil((state.retryAt - now.value) / 1_000)) });
}
