/** Deletes a queue; when the server refuses (a group uses it, conversations are open) its reason is shown. */
import { useState } from 'preact/hooks';
import { Problem } from '../../desk/api.ts';
import { Dialog } from '../../desk/Dialog.tsx';
import { go, isUnsaved } from '../../desk/place.ts';
import { adminApi } from '../api.ts';
import { problemText } from '../problems.ts';
import { t } from '../texts.ts';

export function DeleteQueueDialog({ id, name, onClose }: { id: string; name: string; onClose(): void }) {
  const [problem, setProblem] = useState<Problem>();
  const remove = async () => {
    try {
      await adminApi.deleteQueue(id);
      isUnsaved.value = false;
      go({ name: 'admin', page: 'queues' });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  return (
    <Dialog title={t('queue.delete.sure', { queue: name })} onClose={onClose}>
      <p class="dialog-hint">{t('queue.delete.hint')}</p>
      {problem && (
        <p class="form-error" role="alert">
          {problemText(problem)}
        </p>
      )}
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {t('cancel')}
        </button>
        <button type="button" class="button danger" onClick={() => void remove()}>
          {t('queue.delete')}
        </button>
      </div>
    </Dialog>
  );
}
