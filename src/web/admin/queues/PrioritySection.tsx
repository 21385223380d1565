/** RTE-1: score = priority × weight + seconds waited, said in plain words. */
import { DurationInput } from '../form/DurationInput.tsx';
import { NumberInput } from '../form/inputs.tsx';
import { span } from '../spans.ts';
import { t } from '../texts.ts';
import { PRIORITY_MAX, WEIGHT_MAX_SEC } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function PrioritySection({ form }: QueueContext) {
  const { priority, weightSec } = form.draft.value;
  const headStartSec = priority * weightSec;
  return (
    <>
      <div class="field-pair">
        <NumberInput label={t('queue.priority')} min={0} max={PRIORITY_MAX} {...form.field('priority')} />
        <DurationInput label={t('queue.weightSec')} in="sec" min={0} max={WEIGHT_MAX_SEC} {...form.field('weightSec')} />
      </div>
      <p class="said" role="status">
        {headStartSec === 0 ? t('priority.none') : t('priority.said', { time: span(headStartSec * 1_000) })}
      </p>
    </>
  );
}
