/** The controls of forms. Each is controlled from outside and tells every change at once. */
import { useState } from 'preact/hooks';
import { Icon } from '../../ui/Icon.tsx';
import { t } from '../texts.ts';
import { FieldFrame, type FieldTexts } from './FieldFrame.tsx';

interface Control<Value> extends FieldTexts {
  readonly value: Value;
  onChange(value: Value): void;
}

export function TextInput({ value, onChange, maxLength, ...texts }: Control<string> & { maxLength: number }) {
  return (
    <FieldFrame {...texts}>
      {(ties) => (
        <input
          {...ties}
          type="text"
          class="input"
          value={value}
          maxLength={maxLength}
          autocomplete="off"
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </FieldFrame>
  );
}

export function AreaInput({ value, onChange, maxLength, ...texts }: Control<string> & { maxLength: number }) {
  return (
    <FieldFrame {...texts} class="field-area">
      {(ties) => (
        <textarea
          {...ties}
          class="input"
          rows={4}
          value={value}
          maxLength={maxLength}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </FieldFrame>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
  readonly hint?: string;
}

export function SelectInput<Value extends string>({
  value,
  onChange,
  choices,
  ...texts
}: Control<Value> & { choices: readonly Choice<Value>[] }) {
  return (
    <FieldFrame {...texts}>
      {(ties) => (
        <select {...ties} class="input" value={value} onChange={(event) => onChange(event.currentTarget.value as Value)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.name}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}

/** One of several, each with a line that says what it means. */
export function ChoiceInput<Value extends string>({
  value,
  onChange,
  choices,
  ...texts
}: Control<Value> & { choices: readonly Choice<Value>[] }) {
  return (
    <FieldFrame {...texts} isGroup>
      {({ id }) => (
        <div class="choices">
          {choices.map((choice) => (
            <label key={choice.value} class={choice.value === value ? 'choice-card is-on' : 'choice-card'}>
              <input type="radio" name={id} checked={choice.value === value} onChange={() => onChange(choice.value)} />
              <span>
                <strong>{choice.name}</strong>
                {choice.hint && <span>{choice.hint}</span>}
              </span>
            </label>
          ))}
        </div>
      )}
    </FieldFrame>
  );
}

export function SwitchInput({ label, hint, error, value, onChange }: Control<boolean>) {
  return (
    <FieldFrame label={label} hint={hint} error={error} class="field-switch">
      {(ties) => (
        <input {...ties} type="checkbox" class="switch" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
      )}
    </FieldFrame>
  );
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly step?: number;
}

export function NumberInput({ value, onChange, unit, min, max, step, ...texts }: Control<number> & Bounds & { unit?: string }) {
  return (
    <FieldFrame {...texts}>
      {(ties) => (
        <span class="number-line">
          <Stepper ties={ties} label={texts.label} value={value} onChange={onChange} min={min} max={max} step={step ?? 1} />
          {unit && <span class="unit">{unit}</span>}
        </span>
      )}
    </FieldFrame>
  );
}

/** A number with a button for less and one for more. What is typed counts when it is a number in its bounds. */
export function Stepper({
  ties,
  label,
  value,
  onChange,
  min,
  max,
  step = 1,
}: Bounds & { ties?: object; label: string; value: number; onChange(value: number): void }) {
  const [typed, setTyped] = useState<string>();
  const clamp = (wanted: number): number => Math.max(min, Math.min(max, Math.round(wanted)));
  const by = (sign: 1 | -1) => {
    setTyped(undefined);
    onChange(clamp(value + sign * step));
  };
  return (
    <span class="stepper">
      <button type="button" aria-label={t('less', { label })} disabled={value <= min} onClick={() => by(-1)}>
        <Icon name="minus" size={16} />
      </button>
      <input
        {...ties}
        {...(!ties && { 'aria-label': label })}
        type="number"
        inputMode="numeric"
        min={min}
        max={max}
        value={typed ?? value}
        onInput={(event) => {
          const text = event.currentTarget.value;
          setTyped(text);
          const number = Number(text);
          if (text !== '' && number === clamp(number)) onChange(number);
        }}
        onBlur={(event) => {
          const number = event.currentTarget.valueAsNumber;
          setTyped(undefined);
          if (Number.isFinite(number)) onChange(clamp(number));
        }}
      />
      <button type="button" aria-label={t('more', { label })} disabled={value >= max} onClick={() => by(1)}>
        <Icon name="plus" size={16} />
      </button>
    </span>
  );
}
