/** VOX-6: kinds of numbers, to tick; and whether there are any of one's own (an agent's, a queue's), or what stands above counts. */
import { FieldFrame, type FieldTexts } from '../form/FieldFrame.tsx';
import { SwitchInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import { NUMBER_TYPES, type NumberType } from '../types.ts';

/** What is ticked when somebody begins to have kinds of their own. */
const USUAL: readonly NumberType[] = ['local', 'national', 'mobile'];

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

export interface OwnTypesProps extends FieldTexts {
  /** Null: none of one's own. */
  readonly value: readonly NumberType[] | null;
  onChange(value: readonly NumberType[] | null): void;
}

export function OwnTypes({ value, onChange, error, ...texts }: OwnTypesProps) {
  return (
    <>
      <SwitchInput {...texts} error={error} value={value !== null} onChange={(isOwn) => onChange(isOwn ? USUAL : null)} />
      {value && <TypeTicks label={t('outbound.types')} value={value} onChange={onChange} />}
    </>
  );
}
