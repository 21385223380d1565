/** ACC-2: switches the authenticator app on (password, key, first code, recovery codes) and off (password). */
import { useEffect, useState } from 'preact/hooks';
import { HttpError } from '../conversation/rest.ts';
import { api } from './api.ts';
import { Field } from './Field.tsx';
import { errorText, t } from './texts.ts';

type Step =
  | { readonly name: 'idle' }
  | { readonly name: 'password' }
  | { readonly name: 'code'; readonly secret: string }
  | { readonly name: 'codes'; readonly codes: readonly string[] };

export function SecondFactorSection() {
  const [isOn, setOn] = useState<boolean>();
  const [step, setStep] = useState<Step>({ name: 'idle' });
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  useEffect(
    () =>
      void api.credentials().then(
        (credentials) => setOn(credentials.isTotpEnabled),
        () => setOn(undefined),
      ),
    [],
  );
  const go = (next: Step) => {
    setText('');
    setError('');
    setStep(next);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      if (step.name === 'code') {
        const { recoveryCodes } = await api.confirmTotp(text.trim());
        setOn(true);
        go({ name: 'codes', codes: recoveryCodes });
      } else if (isOn) {
        await api.disableTotp(text);
        setOn(false);
        go({ name: 'idle' });
      } else {
        go({ name: 'code', secret: (await api.enrolTotp(text)).secret });
      }
    } catch (problem) {
      if (!(problem instanceof HttpError)) throw problem;
      setError(
        problem.code === 'wrong_credentials' ? t(step.name === 'code' ? 'signIn.wrongCode' : 'signIn.wrong') : errorText(problem.code),
      );
    }
  };
  if (isOn === undefined) return null;
  return (
    <section class="profile-card">
      <div class="profile-row">
        <div>
          <h3>{t('profile.totp')}</h3>
          <p>{t(isOn ? 'profile.totp.on' : 'profile.totp.off')}</p>
        </div>
        {step.name === 'idle' && (
          <button type="button" class="button" onClick={() => go({ name: 'password' })}>
            {t(isOn ? 'profile.totp.end' : 'profile.totp.begin')}
          </button>
        )}
      </div>
      {(step.name === 'password' || step.name === 'code') && (
        <form class="totp" onSubmit={(event) => void submit(event)}>
          {step.name === 'code' && (
            <p>
              {t('profile.totp.secret')}
              <code class="secret">{step.secret.match(/.{1,4}/g)?.join(' ')}</code>
            </p>
          )}
          <Field
            key={step.name}
            label={t(step.name === 'code' ? 'signIn.code' : 'profile.totp.password')}
            type={step.name === 'code' ? 'text' : 'password'}
            autocomplete={step.name === 'code' ? 'one-time-code' : 'current-password'}
            value={text}
            onInput={setText}
            isFocused
          />
          {error && (
            <p class="form-error" role="alert">
              {error}
            </p>
          )}
          <div class="dialog-buttons">
            <button type="button" class="button" onClick={() => go({ name: 'idle' })}>
              {t('cancel')}
            </button>
            <button type="submit" class="button primary">
              {t('profile.totp.confirm')}
            </button>
          </div>
        </form>
      )}
      {step.name === 'codes' && (
        <div role="status">
          <p>{t('profile.totp.codes')}</p>
          <ul class="codes">
            {step.codes.map((code) => (
              <li key={code}>
                <code>{code}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
