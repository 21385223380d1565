/** ACC-2: a password of one's own, typed twice; at the first access and when it is changed. */
import { Field } from './Field.tsx';
import { t } from './texts.ts';

const PASSWORD_MIN_CHARS = 10;

export interface NewPassword {
  readonly password: string;
  readonly repeated: string;
}

export const NO_PASSWORD: NewPassword = { password: '', repeated: '' };

/** Why it cannot be taken, as far as that shows before the server is asked; else nothing. */
export function troubleOf({ password, repeated }: NewPassword): string {
  if (password.length < PASSWORD_MIN_CHARS) return t('invite.short');
  return password === repeated ? '' : t('invite.differs');
}

export function NewPasswordFields({
  value,
  onChange,
  isFocused = false,
}: {
  value: NewPassword;
  onChange(value: NewPassword): void;
  isFocused?: boolean;
}) {
  return (
    <>
      <Field
        label={t('invite.password')}
        type="password"
        autocomplete="new-password"
        value={value.password}
        onInput={(password) => onChange({ ...value, password })}
        hint={t('invite.rule')}
        isFocused={isFocused}
      />
      <Field
        label={t('invite.repeat')}
        type="password"
        autocomplete="new-password"
        value={value.repeated}
        onInput={(repeated) => onChange({ ...value, repeated })}
      />
    </>
  );
}
