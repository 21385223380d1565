/** What stands at the foot of the dialogs here: what was refused, the way out, delete, save. */
import { problemText } from '../problems.ts';
import { t } from '../texts.ts';
import type { Attempt } from './useAttempt.ts';

export interface DialogFootProps {
  readonly attempt: Attempt;
  readonly saveLabel: string;
  readonly canSave: boolean;
  onClose(): void;
  onDelete?: (() => void) | undefined;
}

export function DialogFoot({ attempt, saveLabel, canSave, onClose, onDelete }: DialogFootProps) {
  const { problem, isBusy } = attempt;
  return (
    <>
      {problem && problem.fields.size === 0 && (
        <p class="form-error" role="alert">
          {problemText(problem)}
        </p>
      )}
      <div class="dialog-buttons">
        {onDelete && (
          <button type="button" class="button danger" disabled={isBusy} onClick={onDelete}>
            {t('delete')}
          </button>
        )}
        <button type="button" class="button" onClick={onClose}>
          {t('cancel')}
        </button>
        <button type="submit" class="button primary" disabled={isBusy || !canSave}>
          {saveLabel}
        </button>
      </div>
    </>
  );
}
