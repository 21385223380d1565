/** APP-10: camera, microphone and screen of one side: on, off (can be switched) or forbidden. */
import { FieldFrame } from '../form/FieldFrame.tsx';
import { SelectInput } from '../form/inputs.tsx';
import { t } from '../texts.ts';
import { ELEMENT_RULES, type ElementRule, type Elements } from '../types.ts';

export interface ElementsInputProps {
  readonly label: string;
  readonly value: Elements;
  readonly error: string | undefined;
  onChange(value: Elements): void;
}

export function ElementsInput({ label, value, error, onChange }: ElementsInputProps) {
  const field = (name: keyof Elements) => ({
    label: t(`video.${name}`),
    value: value[name],
    onChange: (rule: ElementRule) => onChange({ ...value, [name]: rule }),
  });
  const choices = ELEMENT_RULES.map((rule) => ({ value: rule, name: t(`video.rule.${rule}`) }));
  // Browsers show a screen only when somebody chooses one: to have it on from the beginning is to allow it.
  const screen = field('screen');
  return (
    <FieldFrame label={label} error={error} isGroup>
      {() => (
        <div class="field-trio">
          <SelectInput {...field('camera')} choices={choices} />
          <SelectInput {...field('microphone')} choices={choices} />
          <SelectInput
            {...screen}
            value={screen.value === 'forbidden' ? 'forbidden' : 'off'}
            choices={[
              { value: 'off', name: t('video.rule.allowed') },
              { value: 'forbidden', name: t('video.rule.forbidden') },
            ]}
          />
        </div>
      )}
    </FieldFrame>
  );
}
