/** CHT-10, HIS-2: how a conversation may have ended, and what becomes of one that nobody closes. */
import { newKey } from '../../socket/socketClient.ts';
import { Icon } from '../../ui/Icon.tsx';
import { DurationInput } from '../form/DurationInput.tsx';
import { FieldFrame } from '../form/FieldFrame.tsx';
import { SelectInput, SwitchInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import type { Outcome } from '../types.ts';
import { DAY_MS, OUTCOMES_MAX } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function OutcomeSection({ form }: QueueContext) {
  const { outcomes, autoCloseMs } = form.draft.value;
  return (
    <>
      <OutcomeLines form={form} />
      <SwitchInput label={t('queue.isOutcomeRequired')} {...form.field('isOutcomeRequired')} />
      <DurationInput
        label={t('queue.autoCloseMs')}
        hint={t('queue.autoCloseMs.hint')}
        in="ms"
        min={0}
        max={30 * DAY_MS}
        {...form.field('autoCloseMs')}
      />
      {autoCloseMs > 0 && (
        <SelectInput
          label={t('queue.autoCloseOutcome')}
          choices={[{ value: '', name: t('outcome.none') }, ...outcomes.map(({ id, name }) => ({ value: id, name }))]}
          {...form.field('autoCloseOutcome')}
        />
      )}
      <SelectInput
        label={t('queue.rating')}
        choices={(['none', 'thumbs', 'stars'] as const).map((value) => ({ value, name: t(`rating.${value}`) }))}
        {...form.field('rating')}
      />
    </>
  );
}

function OutcomeLines({ form }: Pick<QueueContext, 'form'>) {
  const { value: outcomes, onChange } = form.field('outcomes');
  const error = [...form.errors.value].find(([path]) => path.split('.')[0] === 'outcomes')?.[1];
  const replace = (at: number, outcome: Outcome) => onChange(outcomes.map((known, index) => (index === at ? outcome : known)));
  return (
    <FieldFrame label={t('queue.outcomes')} error={error} isGroup>
      {() => (
        <div class="lines">
          {outcomes.map((outcome, index) => (
            <div key={outcome.id} class="line">
              <input
                class="input"
                aria-label={t('outcome.name', { number: index + 1 })}
                value={outcome.name}
                maxLength={100}
                onInput={(event) => replace(index, { ...outcome, name: event.currentTarget.value })}
              />
              <select
                class="input kind-select"
                aria-label={t('outcome.kind', { name: outcome.name })}
                value={outcome.kind}
                onChange={(event) => replace(index, { ...outcome, kind: event.currentTarget.value as Outcome['kind'] })}
              >
                <option value="OK">OK</option>
                <option value="KO">KO</option>
              </select>
              <button
                type="button"
                class="icon-button"
                aria-label={t('remove', { name: outcome.name })}
                onClick={() => onChange(outcomes.filter((_, at) => at !== index))}
              >
                <Icon name="trash" size={18} />
              </button>
            </div>
          ))}
          {outcomes.length < OUTCOMES_MAX && (
            <button type="button" class="button quiet" onClick={() => onChange([...outcomes, { id: newKey(), name: '', kind: 'OK' }])}>
              <Icon name="plus" size={18} />
              {t('outcome.add')}
            </button>
          )}
        </div>
      )}
    </FieldFrame>
  );
}
