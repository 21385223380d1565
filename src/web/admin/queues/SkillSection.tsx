/** RTE-3: what an agent must be able to do, should be able to do, and how the first becomes less while somebody waits. */
import { Icon } from '../../ui/Icon.tsx';
import { DurationInput } from '../form/DurationInput.tsx';
import { FieldFrame } from '../form/FieldFrame.tsx';
import { NumberInput } from '../form/inputs.tsx';
import { SkillNeeds } from '../form/SkillNeeds.tsx';
import { t } from '../texts.ts';
import type { Relaxation } from '../types.ts';
import { DAY_SEC, LEVEL_MAX, NEEDS_MAX, STEPS_MAX } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';

export function SkillSection({ form, skills }: QueueContext) {
  const { required } = form.draft.value;
  return (
    <>
      <SkillNeeds
        label={t('queue.required')}
        hint={t('queue.required.hint')}
        skills={skills}
        max={NEEDS_MAX}
        {...listField(form, 'required')}
      />
      {(required.length > 0 || form.draft.value.relaxation.length > 0) && <RelaxationSteps form={form} />}
      <SkillNeeds
        label={t('queue.preferred')}
        hint={t('queue.preferred.hint')}
        skills={skills}
        max={NEEDS_MAX}
        {...listField(form, 'preferred')}
      />
    </>
  );
}

function RelaxationSteps({ form }: Pick<QueueContext, 'form'>) {
  const { value: steps, error, onChange } = listField(form, 'relaxation');
  const replace = (at: number, step: Relaxation) => onChange(steps.map((known, index) => (index === at ? step : known)));
  const last = steps.at(-1);
  return (
    <FieldFrame label={t('queue.relaxation')} hint={t('queue.relaxation.hint')} error={error} isGroup>
      {() => (
        <div class="lines">
          {steps.map((step, index) => (
            // A step is known by its place alone.
            <div key={index} class="line line-wide">
              <DurationInput
                label={t('relaxation.after')}
                in="sec"
                min={1}
                max={DAY_SEC}
                value={step.afterSec}
                onChange={(afterSec) => replace(index, { ...step, afterSec })}
              />
              <NumberInput
                label={t('relaxation.by')}
                min={1}
                max={LEVEL_MAX}
                value={step.lowerBy}
                onChange={(lowerBy) => replace(index, { ...step, lowerBy })}
              />
              <button
                type="button"
                class="icon-button"
                aria-label={t('relaxation.remove', { number: index + 1 })}
                onClick={() => onChange(steps.filter((_, at) => at !== index))}
              >
                <Icon name="trash" size={18} />
              </button>
            </div>
          ))}
          {steps.length < STEPS_MAX && (
            <button
              type="button"
              class="button quiet"
              onClick={() =>
                onChange([
                  ...steps,
                  { afterSec: Math.min(DAY_SEC, (last?.afterSec ?? 0) + 30), lowerBy: Math.min(LEVEL_MAX, (last?.lowerBy ?? 0) + 1) },
                ])
              }
            >
              <Icon name="plus" size={18} />
              {t('relaxation.add')}
            </button>
          )}
        </div>
      )}
    </FieldFrame>
  );
}

/** A list's error may stand at one of its entries; here the whole list shows it. */
function listField<Name extends 'required' | 'preferred' | 'relaxation'>(form: QueueContext['form'], name: Name) {
  const error = [...form.errors.value].find(([path]) => path === name || path.startsWith(`${name}.`))?.[1];
  return { ...form.field(name), error };
}
