/** Asks before something that is not saved is left. */
import { Dialog } from './Dialog.tsx';
import { answer, asked } from './place.ts';
import { t } from './texts.ts';

export function LeaveDialog() {
  if (!asked.value) return null;
  return (
    <Dialog title={t('leave.title')} onClose={() => answer(false)}>
      <p class="dialog-hint">{t('leave.hint')}</p>
      <div class="dialog-buttons">
        <button type="button" class="button danger" onClick={() => answer(true)}>
          {t('leave.go')}
        </button>
        <button type="button" class="button primary" onClick={() => answer(false)}>
          {t('leave.stay')}
        </button>
      </div>
    </Dialog>
  );
}
