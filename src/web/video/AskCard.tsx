/** The question before a call: who asks, and the policy to agree to where the group has one (VID-3). */
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import type { RoomClient } from './roomClient.ts';
import { useVideoTexts } from './texts.ts';

export interface AskCardProps {
  readonly client: RoomClient;
  readonly policy: string;
  readonly asker: string;
  /** Why it cannot be had just now. */
  readonly why: string;
}

export function AskCard({ client, policy, asker, why }: AskCardProps) {
  const { t } = useVideoTexts();
  const [isAgreed, setAgreed] = useState(false);
  const [isMissing, setMissing] = useState(false);
  const id = useId();
  const box = useRef<HTMLInputElement>(null);
  const place = useRef<HTMLElement>(null);
  // An own wish is answered here and now; an invitation must not take the keys from somebody who is writing.
  const isInvited = client.isInvited.value;
  useLayoutEffect(() => {
    if (!isInvited) place.current?.focus();
  }, []);
  const go = () => {
    if (policy && !isAgreed) {
      setMissing(true);
      box.current?.focus();
    } else client.agree();
  };
  const kind = client.kind.value;
  return (
    <section class="ask-card" role="alertdialog" aria-labelledby={`${id}-title`} tabIndex={-1} ref={place}>
      <span class={isInvited ? 'ask-mark is-ringing' : 'ask-mark'}>
        <Icon name={kind === 'video' ? 'video' : 'phone'} size={22} />
      </span>
      <strong id={`${id}-title`}>{isInvited ? t(`ask.${kind}`, { name: asker }) : t('ask.own')}</strong>
      {isInvited && kind === 'video' && <p>{t('ask.hint')}</p>}
      {why && (
        <p class="check-note" role="alert">
          {why}
        </p>
      )}
      {policy && (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard (WCAG 2.1.1) */}
          <section class="ask-policy" tabIndex={0} aria-label={t('ask.policy')}>
            {policy}
          </section>
          <label class="ask-agree">
            <input
              type="checkbox"
              ref={box}
              checked={isAgreed}
              aria-invalid={isMissing && !isAgreed}
              aria-describedby={isMissing && !isAgreed ? `${id}-missing` : undefined}
              onChange={(event) => setAgreed(event.currentTarget.checked)}
            />
            <span>{t('ask.agree')}</span>
          </label>
          {isMissing && !isAgreed && (
            <p class="trouble" role="alert" id={`${id}-missing`}>
              {t('ask.agree.first')}
            </p>
          )}
        </>
      )}
      <div class="check-buttons">
        <button type="button" class="button" onClick={() => void client.refuse()}>
          {t('ask.no')}
        </button>
        <button type="button" class="button primary" onClick={go}>
          {t(isInvited ? 'ask.accept' : 'ask.yes')}
        </button>
      </div>
    </section>
  );
}
