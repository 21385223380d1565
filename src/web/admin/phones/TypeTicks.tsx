/** Kinds of numbers, to tick. */
import { FieldFrame, type FieldTexts } from '../form/FieldFrame.tsx';
import { t } from '../texts.ts';
import { NUMBER_TYPES, type NumberType } from '../types.ts';

export interface TypeTicksProps extends FieldTexts {
  readonly value: readonly NumberType[];
  onChange(value: readonly NumberType[]): void;
}

export function TypeTicks({ value, onChange, ...texts }: TypeTicksProps) {
  return (
    <FieldFrame {...texts} isGroup>
      {() => (
        <div class="ticks">
          {NUMBER_TYPES.map((type) => (
            <label key={type} class="tick-line">
              <input
                type="checkbox"
                checked={value.includes(type)}
                onChange={(event) =>
                  onChange(NUMBER_TYPES.filter((known) => (known === type ? event.currentTarget.checked : value.includes(known))))
                }
              />
              {t(`numberType.${type}`)}
            </label>
          ))}
        </div>
      )}
    </FieldFrame>
  );
}
