/** VOX-1: numbers and extensions, and the queue that each leads to. */
import { useEffect, useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { SelectInput, SwitchInput, TextInput } from '../form/inputs.tsx';
import { ListFrame } from '../ListFrame.tsx';
import { useLoaded } from '../load.ts';
import { fieldText } from '../problems.ts';
import { useSearchList } from '../searchList.ts';
import { t } from '../texts.ts';
import type { PhoneNumber, Queue } from '../types.ts';
import { DialogFoot } from './DialogFoot.tsx';
import { useAttempt } from './useAttempt.ts';

export function NumberPage() {
  const [round, setRound] = useState(0);
  return <NumberList key={round} onChanged={() => setRound(round + 1)} />;
}

function NumberList({ onChanged }: { onChanged(): void }) {
  const list = useSearchList<PhoneNumber>((query) => adminApi.numbers(query));
  const [queues] = useLoaded(() => adminApi.allQueues());
  const [editing, setEditing] = useState<PhoneNumber | 'new'>();
  const voice = queues.name === 'ready' ? queues.value.filter(({ channel }) => channel === 'voice') : [];
  const isNone = queues.name === 'ready' && voice.length === 0;
  return (
    <>
      <ListFrame
        title={t('page.numbers')}
        hint={isNone ? t('numbers.noQueue') : t('numbers.hint')}
        searchLabel={t('numbers.search')}
        list={list}
        action={
          <button type="button" class="button primary" disabled={voice.length === 0} onClick={() => setEditing('new')}>
            <Icon name="plus" size={18} />
            {t('numbers.new')}
          </button>
        }
      >
        {(number) => (
          <div class="admin-row">
            <button type="button" class="row-link" onClick={() => setEditing(number)}>
              <span class="row-words">
                <strong>
                  <bdi>{number.number}</bdi>
                </strong>
                <span>
                  {number.label && `${number.label} · `}
                  {t('numbers.leadsTo', { queue: number.queueName })}
                </span>
              </span>
              <span class="row-facts">{!number.isActive && <em class="tag tag-warn">{t('off')}</em>}</span>
            </button>
          </div>
        )}
      </ListFrame>
      {editing && (
        <NumberDialog
          number={editing === 'new' ? undefined : editing}
          queues={voice}
          onDone={onChanged}
          onClose={() => setEditing(undefined)}
        />
      )}
    </>
  );
}

interface NumberDialogProps {
  readonly number: PhoneNumber | undefined;
  readonly queues: readonly Queue[];
  onDone(): void;
  onClose(): void;
}

function NumberDialog({ number, queues, onDone, onClose }: NumberDialogProps) {
  const [digits, setDigits] = useState(number?.number ?? '');
  const [label, setLabel] = useState(number?.label ?? '');
  const [queueId, setQueue] = useState(number?.queueId ?? queues[0]?.id ?? '');
  const [isActive, setActive] = useState(number?.isActive ?? true);
  const attempt = useAttempt();
  useEffect(() => {
    if (number) return;
    // The next free extension is proposed, unless somebody types first.
    void adminApi.nextNumber().then(
      (next) => setDigits((typed) => (typed === '' ? next : typed)),
      () => undefined,
    );
  }, []);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const fields = { number: digits.trim(), label: label.trim(), queueId, isActive };
    const isDone = await attempt.run(async () => {
      await (number ? adminApi.changeNumber(number.id, fields, number.version) : adminApi.makeNumber(fields));
    });
    if (isDone) onDone();
  };
  const error = (path: string): string | undefined => {
    const text = attempt.problem?.fields.get(path);
    return text && fieldText(text);
  };
  return (
    <Dialog title={number ? t('numbers.edit', { number: number.number }) : t('numbers.new')} onClose={onClose}>
      <form class="dialog-form" onSubmit={(event) => void save(event)} noValidate>
        <TextInput
          label={t('numbers.number')}
          hint={t('numbers.number.hint')}
          value={digits}
          maxLength={40}
          error={error('number')}
          onChange={setDigits}
        />
        <TextInput label={t('numbers.label')} value={label} maxLength={100} error={error('label')} onChange={setLabel} />
        <SelectInput
          label={t('numbers.queue')}
          value={queueId}
          error={error('queueId')}
          choices={queues.map(({ id, name }) => ({ value: id, name }))}
          onChange={setQueue}
        />
        {number && <SwitchInput label={t('numbers.isActive')} value={isActive} onChange={setActive} />}
        <DialogFoot
          attempt={attempt}
          saveLabel={t(number ? 'save' : 'add')}
          canSave={digits.trim() !== '' && queueId !== ''}
          onClose={onClose}
          onDelete={number && (() => void attempt.run(() => adminApi.deleteNumber(number.id)).then((isDone) => isDone && onDone()))}
        />
      </form>
    </Dialog>
  );
}
