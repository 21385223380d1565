/** Makes a queue with what cannot be guessed; the rest is set on its page. */
import { useState } from 'preact/hooks';
import { Problem } from '../../desk/api.ts';
import { Dialog } from '../../desk/Dialog.tsx';
import { go } from '../../desk/place.ts';
import { adminApi } from '../api.ts';
import { ChoiceInput, TextInput } from '../form/inputs.tsx';
import { problemText } from '../problems.ts';
import { t } from '../texts.ts';
import type { Channel } from '../types.ts';

export function NewQueueDialog({ onClose }: { onClose(): void }) {
  const [name, setName] = useState('');
  const [channel, setChannel] = useState<Channel>('chat');
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const queue = await adminApi.makeQueue({ name: name.trim(), channel, mode: channel === 'voice' ? 'longest_idle' : 'manual' });
      onClose();
      go({ name: 'admin', page: 'queues', id: queue.id });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('queues.new')} onClose={onClose}>
      <form class="dialog-form" onSubmit={(event) => void submit(event)}>
        <TextInput label={t('queue.name')} value={name} maxLength={100} error={problem?.fields.get('name')} onChange={setName} />
        <ChoiceInput
          label={t('queue.channel')}
          value={channel}
          onChange={(value) => setChannel(value)}
          choices={(['chat', 'voice'] as const).map((value) => ({ value, name: t(`channel.${value}`), hint: t(`channel.${value}.hint`) }))}
        />
        {problem && problem.fields.size === 0 && (
          <p class="form-error" role="alert">
            {problemText(problem)}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" class="button primary" disabled={isBusy || name.trim() === ''}>
            {t('make')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
