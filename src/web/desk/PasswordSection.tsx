/** ACC-2: changes the own password, with the present one. Everywhere else one is signed out then. */
import { useState } from 'preact/hooks';
import { HttpError } from '../conversation/rest.ts';
import { api } from './api.ts';
import { useDesk } from './context.ts';
import { Field } from './Field.tsx';
import { FormError } from './FormError.tsx';
import { NewPasswordFields, NO_PASSWORD, troubleOf } from './NewPasswordFields.tsx';
import { errorText, t } from './texts.ts';

export function PasswordSection({ onChanged }: { onChanged(): void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section class="profile-card">
      <div class="profile-row">
        <div>
          <h3>{t('profile.password')}</h3>
          <p>{t('profile.password.hint')}</p>
        </div>
        {!isOpen && (
          <button type="button" class="button" onClick={() => setOpen(true)}>
            {t('profile.password.change')}
          </button>
        )}
      </div>
      {isOpen && <PasswordForm onClose={() => setOpen(false)} onChanged={onChanged} />}
    </section>
  );
}

function PasswordForm({ onClose, onChanged }: { onClose(): void; onChanged(): void }) {
  const desk = useDesk();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState(NO_PASSWORD);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const trouble = troubleOf(next);
    setError(trouble);
    if (trouble) return;
    setBusy(true);
    try {
      await api.changePassword(current, next.password);
      desk.toast(t('profile.password.done'));
      onClose();
      onChanged();
    } catch (problem) {
      if (!(problem instanceof HttpError)) throw problem;
      setBusy(false);
      setError(whyRefused(problem));
    }
  };
  return (
    <form class="totp" onSubmit={(event) => void submit(event)}>
      <Field
        label={t('profile.password.current')}
        type="password"
        autocomplete="current-password"
        value={current}
        onInput={setCurrent}
        isFocused
      />
      <NewPasswordFields value={next} onChange={setNext} />
      <FormError text={error} />
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={onClose}>
          {t('cancel')}
        </button>
        <button type="submit" class="button primary" disabled={isBusy}>
          {t('profile.password.save')}
        </button>
      </div>
    </form>
  );
}

function whyRefused({ code, message }: HttpError): string {
  if (code === 'wrong_credentials') return t('profile.wrongPassword');
  return code === 'invalid' ? t('invite.weak', { detail: message }) : errorText(code);
}
