/** A length of time as people say it: a number and a unit. The value is in the unit of the field it stands for. */
import { useState } from 'preact/hooks';
import { t } from '../texts.ts';
import { FieldFrame, type FieldTexts } from './FieldFrame.tsx';
import { Stepper } from './inputs.tsx';

const UNITS = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;
type Unit = keyof typeof UNITS;

export interface DurationProps extends FieldTexts {
  readonly value: number;
  onChange(value: number): void;
  /** What `value`, `min` and `max` count. */
  readonly in: 'ms' | 'sec';
  readonly min: number;
  readonly max: number;
}

export function DurationInput({ value, onChange, in: counted, min, max, ...texts }: DurationProps) {
  const perSec = counted === 'ms' ? 1_000 : 1;
  const seconds = value / perSec;
  const [unit, setUnit] = useState<Unit>(() => unitOf(seconds));
  const size = UNITS[unit] * perSec;
  return (
    <FieldFrame {...texts}>
      {(ties) => (
        <span class="number-line">
          <Stepper
            ties={ties}
            label={texts.label}
            value={Math.round(value / size)}
            min={Math.ceil(min / size)}
            max={Math.floor(max / size)}
            onChange={(amount) => onChange(amount * size)}
          />
          <select
            class="input unit-select"
            aria-label={t('unit', { label: texts.label })}
            value={unit}
            onChange={(event) => {
              const next = event.currentTarget.value as Unit;
              setUnit(next);
              const wanted = Math.round(value / size) * UNITS[next] * perSec;
              onChange(Math.max(min, Math.min(Math.floor(max / (UNITS[next] * perSec)) * UNITS[next] * perSec, wanted)));
            }}
          >
            {(Object.keys(UNITS) as Unit[])
              .filter((name) => UNITS[name] * perSec <= max)
              .map((name) => (
                <option key={name} value={name}>
                  {t(`unit.${name}`)}
                </option>
              ))}
          </select>
        </span>
      )}
    </FieldFrame>
  );
}

/** The largest unit in which it is a whole number. */
function unitOf(seconds: number): Unit {
  if (seconds === 0) return 'second';
  return (['day', 'hour', 'minute'] as const).find((unit) => seconds % UNITS[unit] === 0) ?? 'second';
}
