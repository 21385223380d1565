/** CHT-6: what somebody wrote to a conversation that a colleague took first. It stays until copied elsewhere or thrown away. */
import { useState } from 'preact/hooks';
import { useDesk } from './context.ts';
import { t } from './texts.ts';

export function KeptText({ conversation }: { conversation: string }) {
  const desk = useDesk();
  const [isCopied, setCopied] = useState(false);
  const draft = desk.draft(conversation);
  if (draft.value.trim() === '') return null;
  const copy = () =>
    void navigator.clipboard.writeText(draft.value).then(
      () => setCopied(true),
      () => desk.toast(t('error.other')),
    );
  return (
    <section class="kept" aria-label={t('kept.title')}>
      <strong>{t('kept.title')}</strong>
      <p class="kept-text" dir="auto">
        {draft.value}
      </p>
      <div class="kept-buttons">
        <button type="button" class="button quiet" onClick={() => (draft.value = '')}>
          {t('discard')}
        </button>
        <button type="button" class="button" onClick={copy}>
          {t(isCopied ? 'kept.copied' : 'kept.copy')}
        </button>
      </div>
    </section>
  );
}
