/** RTE-2, RTE-6: who is offered what waits here, for how long, and what a missed offer means. */
import { DurationInput } from '../form/DurationInput.tsx';
import { ChoiceInput, NumberInput, SwitchInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import { MODES } from '../types.ts';
import { HOUR_MS, SEC } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function AnswerSection({ form }: QueueContext) {
  const { mode } = form.draft.value;
  const isOffered = mode !== 'manual';
  return (
    <>
      <ChoiceInput
        label={t('queue.mode')}
        choices={MODES.map((value) => ({ value, name: t(`mode.${value}`), hint: t(`mode.${value}.hint`) }))}
        {...form.field('mode')}
      />
      {mode === 'ring_all' && (
        <NumberInput
          label={t('queue.ringMax')}
          hint={t('queue.ringMax.hint')}
          unit={t('unit.agents')}
          min={1}
          max={20}
          {...form.field('ringMax')}
        />
      )}
      {isOffered && mode !== 'ring_all' && (
        <SwitchInput label={t('queue.isAutoAccepted')} hint={t('queue.isAutoAccepted.hint')} {...form.field('isAutoAccepted')} />
      )}
      {isOffered && (
        <>
          <DurationInput
            label={t('queue.offerTimeoutMs')}
            hint={t('queue.offerTimeoutMs.hint')}
            in="ms"
            min={SEC}
            max={HOUR_MS}
            {...form.field('offerTimeoutMs')}
          />
          <NumberInput label={t('queue.maxMissed')} hint={t('queue.maxMissed.hint')} min={0} max={1_000} {...form.field('maxMissed')} />
        </>
      )}
      <NumberInput
        label={t('queue.limitPerAgent')}
        hint={t('queue.limitPerAgent.hint')}
        min={0}
        max={100}
        {...form.field('limitPerAgent')}
      />
    </>
  );
}
