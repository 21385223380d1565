/** RTE-8, APP-6: wrap-up, and how long a lost client or agent is waited for. */
import { DurationInput } from '../form/DurationInput.tsx';
import { SwitchInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import { DAY_MS, HOUR_MS, SEC } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function TimeSection({ form }: QueueContext) {
  return (
    <>
      <DurationInput
        label={t('queue.wrapUpMs')}
        hint={t('queue.wrapUpMs.hint')}
        in="ms"
        min={0}
        max={HOUR_MS}
        {...form.field('wrapUpMs')}
      />
      {form.draft.value.wrapUpMs > 0 && (
        <>
          <SwitchInput label={t('queue.canEndWrapUp')} {...form.field('canEndWrapUp')} />
          <SwitchInput label={t('queue.canExtendWrapUp')} {...form.field('canExtendWrapUp')} />
        </>
      )}
      <DurationInput
        label={t('queue.reconnectMs')}
        hint={t('queue.reconnectMs.hint')}
        in="ms"
        min={0}
        max={DAY_MS}
        {...form.field('reconnectMs')}
      />
      <DurationInput
        label={t('queue.agentLostMs')}
        hint={t('queue.agentLostMs.hint')}
        in="ms"
        min={SEC}
        max={DAY_MS}
        {...form.field('agentLostMs')}
      />
    </>
  );
}
