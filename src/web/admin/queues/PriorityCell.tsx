/** RTE-1: the priority of a queue, changed in the list. A moment after the last step it is saved; one save at a time. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../../desk/api.ts';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { Stepper } from '../form/inputs.tsx';
import { problemText } from '../problems.ts';
import { t } from '../texts.ts';
import type { Queue } from '../types.ts';
import { PRIORITY_MAX } from './bounds.ts';

const PAUSE_MS = 500;

export interface PriorityCellProps {
  readonly queue: Queue;
  onChanged(queue: Queue): void;
  onProblem(text: string): void;
}

export function PriorityCell({ queue, onChanged, onProblem }: PriorityCellProps) {
  const [wanted, setWanted] = useState(queue.priority);
  const [isSaved, setSaved] = useState(false);
  const isBusy = useRef(false);
  const save = async () => {
    isBusy.current = true;
    try {
      onChanged(await adminApi.changeQueue(queue.id, { priority: wanted }, queue.version));
      setSaved(true);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      onProblem(problemText(error));
      // Somebody else was here: what stands now is shown, and can be changed again.
      const current = await adminApi.queue(queue.id).catch(() => queue);
      onChanged(current);
      setWanted(current.priority);
    } finally {
      isBusy.current = false;
    }
  };
  useEffect(() => {
    if (wanted === queue.priority || isBusy.current) return;
    const timer = setTimeout(() => void save(), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [wanted, queue.version]);
  return (
    <span class="priority-cell">
      <span class="priority-word" aria-hidden="true">
        {t('queue.priority')}
      </span>
      <Stepper
        label={t('queues.priorityOf', { queue: queue.name })}
        value={wanted}
        min={0}
        max={PRIORITY_MAX}
        onChange={(value) => {
          setSaved(false);
          setWanted(value);
        }}
      />
      <span class="saved-mark" role="status">
        {isSaved && (
          <>
            <Icon name="check" size={16} />
            <span class="sr-only">{t('saved')}</span>
          </>
        )}
      </span>
    </span>
  );
}
