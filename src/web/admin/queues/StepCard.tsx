/** One step of a recipe: when it runs, and what it does. */
import { Icon } from '../../ui/Icon.tsx';
import { DurationInput } from '../form/DurationInput.tsx';
import { FieldError } from '../form/FieldFrame.tsx';
import { NumberInput, SelectInput, TextInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import { MESSAGE_PROMPTS, type Queue, type RecipeOperation, type RecipeStep, type Sound } from '../types.ts';
import { DAY_SEC, PRIORITY_MAX } from './bounds.ts';
import { whenText } from './recipeText.ts';

const OPERATIONS = ['queue', 'priority', 'message', 'number', 'voicemail', 'callback', 'close'] as const;

/** Errors of these stand at their fields; of anything else below all of them. */
const AT_FIELDS: ReadonlySet<string> = new Set(['afterSec', 'onlyIf', 'do.queueId', 'do.by', 'do.text', 'do.sound', 'do.number']);

export interface StepCardProps {
  readonly step: RecipeStep;
  readonly number: number;
  /** Where it may lead. */
  readonly queues: readonly Queue[];
  /** What a message may be heard as; absent: there is nobody on a phone to hear it. */
  readonly sounds?: readonly Sound[] | undefined;
  /** By the path within the step. */
  readonly errors: ReadonlyMap<string, string>;
  onChange(step: RecipeStep): void;
  onRemove(): void;
}

export function StepCard({ step, number, queues, sounds, errors, onChange, onRemove }: StepCardProps) {
  const act = (operation: RecipeOperation) => onChange({ ...step, do: operation });
  return (
    <fieldset class={errors.size > 0 ? 'step-card is-wrong' : 'step-card'}>
      <legend>
        <span class="step-number">{number}</span>
        <span>{whenText(step)}</span>
      </legend>
      <button type="button" class="icon-button step-remove" aria-label={t('recipe.remove', { number })} onClick={onRemove}>
        <Icon name="trash" size={18} />
      </button>
      <div class="step-fields">
        <DurationInput
          label={t('recipe.waited')}
          in="sec"
          min={0}
          max={DAY_SEC}
          value={step.afterSec}
          error={errors.get('afterSec')}
          onChange={(afterSec) => onChange({ ...step, afterSec })}
        />
        <SelectInput
          label={t('recipe.onlyIf')}
          value={step.onlyIf}
          error={errors.get('onlyIf')}
          choices={(['always', 'no_agents'] as const).map((value) => ({ value, name: t(`recipe.${value}`) }))}
          onChange={(onlyIf) => onChange({ ...step, onlyIf })}
        />
        <SelectInput
          label={t('recipe.do')}
          value={step.do.op}
          choices={OPERATIONS.filter((op) => op !== 'queue' || queues.length > 0).map((value) => ({
            value,
            name: t(`recipe.op.${value}`),
          }))}
          onChange={(op) => act(fresh(op, queues))}
        />
        <Operation operation={step.do} queues={queues} sounds={sounds} errors={errors} onChange={act} />
      </div>
      {[...errors].map(([path, text]) => !AT_FIELDS.has(path) && <FieldError key={path} text={text} />)}
    </fieldset>
  );
}

export interface OperationProps extends Pick<StepCardProps, 'queues' | 'sounds' | 'errors'> {
  readonly operation: RecipeOperation;
  onChange(operation: RecipeOperation): void;
}

/** What an operation needs besides its name. Errors stand under `do.`. */
export function Operation({ operation, queues, sounds, errors, onChange }: OperationProps) {
  switch (operation.op) {
    case 'queue':
      return (
        <SelectInput
          label={t('recipe.queue')}
          value={operation.queueId}
          error={errors.get('do.queueId')}
          choices={queues.map(({ id, name }) => ({ value: id, name }))}
          onChange={(queueId) => onChange({ op: 'queue', queueId })}
        />
      );
    case 'priority':
      return (
        <NumberInput
          label={t('recipe.by')}
          min={1}
          max={PRIORITY_MAX}
          value={operation.by}
          error={errors.get('do.by')}
          onChange={(by) => onChange({ op: 'priority', by })}
        />
      );
    case 'message':
      return (
        <>
          <TextInput
            label={t('recipe.text')}
            maxLength={1_000}
            value={operation.text}
            error={errors.get('do.text')}
            onChange={(text) => onChange({ ...operation, text })}
          />
          {sounds && (
            <SelectInput
              label={t('recipe.sound')}
              value={operation.sound ?? ''}
              error={errors.get('do.sound')}
              choices={[
                { value: '', name: t('recipe.sound.none') },
                ...MESSAGE_PROMPTS.map((value) => ({ value, name: t(`recipe.sound.${value}`) })),
                ...sounds.map(({ id, name }) => ({ value: id, name })),
              ]}
              onChange={(sound) => onChange({ op: 'message', text: operation.text, ...(sound === '' ? {} : { sound }) })}
            />
          )}
        </>
      );
    case 'number':
      return (
        <TextInput
          label={t('recipe.number')}
          maxLength={64}
          value={operation.number}
          error={errors.get('do.number')}
          onChange={(number) => onChange({ op: 'number', number })}
        />
      );
    default:
      return null;
  }
}

export function fresh(op: RecipeOperation['op'], queues: readonly Queue[]): RecipeOperation {
  switch (op) {
    case 'queue':
      return { op, queueId: queues[0]?.id ?? '' };
    case 'priority':
      return { op, by: 1 };
    case 'message':
      return { op, text: '' };
    case 'number':
      return { op, number: '' };
    default:
      return { op };
  }
}
