/** RTE-11: a returning contact waits a while for its last agent. */
import { DurationInput } from '../form/DurationInput.tsx';
import { t } from '../texts.ts';
import { DAY_MS, HOUR_MS } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function StickySection({ form }: QueueContext) {
  return (
    <>
      <DurationInput
        label={t('queue.stickyWaitMs')}
        hint={t('queue.stickyWaitMs.hint')}
        in="ms"
        min={0}
        max={HOUR_MS}
        {...form.field('stickyWaitMs')}
      />
      {form.draft.value.stickyWaitMs > 0 && (
        <DurationInput label={t('queue.stickyMemoryMs')} in="ms" min={0} max={30 * DAY_MS} {...form.field('stickyMemoryMs')} />
      )}
    </>
  );
}
