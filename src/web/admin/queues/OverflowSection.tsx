/** RTE-10: the overflow recipe as a list of steps. What the server finds wrong (a circle of queues) stands at the step it is about. */
import { Icon } from '../../ui/Icon.tsx';
import { FieldError } from '../form/FieldFrame.tsx';
import { t } from '../texts.ts';
import type { RecipeStep } from '../types.ts';
import { DAY_SEC, STEPS_MAX } from './bounds.ts';
import type { QueueContext } from './QueueEditor.tsx';
import { StepCard } from './StepCard.tsx';

export function OverflowSection({ form, queues, sounds, id }: QueueContext) {
  const { value: steps, onChange } = form.field('recipe');
  const others = queues.filter((queue) => queue.id !== id);
  /** By the path within the step. */
  const errorsOf = (index: number) => {
    const under = `recipe.${index}`;
    const found = [...form.errors.value].filter(([path]) => path === under || path.startsWith(`${under}.`));
    return new Map(found.map(([path, text]) => [path.slice(under.length + 1), text]));
  };
  const whole = form.errors.value.get('recipe');
  const add = () => {
    const afterSec = Math.min(DAY_SEC, (steps.at(-1)?.afterSec ?? 0) + 60);
    onChange([
      ...steps,
      { afterSec, onlyIf: 'always', do: others[0] ? { op: 'queue', queueId: others[0].id } : { op: 'message', text: '' } },
    ]);
  };
  return (
    <>
      {steps.length === 0 && <p class="said">{t('recipe.none')}</p>}
      <ol class="recipe">
        {steps.map((step, index) => (
          // A step is known by its place alone.
          <li key={index}>
            <StepCard
              step={step}
              number={index + 1}
              queues={others}
              sounds={form.draft.value.channel === 'voice' ? sounds : undefined}
              errors={errorsOf(index)}
              onChange={(changed) => onChange(steps.map((known, at) => (at === index ? changed : known)))}
              onRemove={() => onChange(steps.filter((_, at) => at !== index))}
            />
          </li>
        ))}
      </ol>
      <FieldError text={whole} />
      {steps.length < STEPS_MAX && (
        <button type="button" class="button quiet" onClick={add}>
          <Icon name="plus" size={18} />
          {t('recipe.add')}
        </button>
      )}
      {steps.length > 1 && !isInOrder(steps) && <p class="field-hint">{t('recipe.order')}</p>}
    </>
  );
}

const isInOrder = (steps: readonly RecipeStep[]): boolean =>
  steps.every((step, index) => index === 0 || (steps[index - 1]?.afterSec ?? 0) <= step.afterSec);
