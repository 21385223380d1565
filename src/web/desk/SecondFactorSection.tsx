/** ACC-2: switches the authenticator app on (password, key, first code, recovery codes) and off (password). */
import { useEffect, useState } from 'preact/hooks';
import { HttpError } from '../conversation/rest.ts';
import { api } from './api.ts';
import { Field } from './Field.tsx';
import { FormError } from './FormError.tsx';
import { errorText, t } from './texts.ts';

type Step =
  | { readonly name: 'idle' }
  | { readonly name: 'password' }
  | { readonly name: 'code'; readonly secret: string; readonly uri: string }
  | { readonly name: 'codes'; readonly codes: readonly string[] };

export function SecondFactorSection() {
  const [isOn, setOn] = useState<boolean>();
  const [codesLeft, setCodesLeft] = useState(0);
  const [step, setStep] = useState<Step>({ name: 'idle' });
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  useEffect(
    () =>
      void api.credentials().then(
        ({ isTotpEnabled, recoveryCodesLeft }) => {
          setOn(isTotpEnabled);
          setCodesLeft(recoveryCodesLeft);
        },
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
        setCodesLeft(recoveryCodes.length);
        go({ name: 'codes', codes: recoveryCodes });
      } else if (isOn) {
        await api.disableTotp(text);
        setOn(false);
        go({ name: 'idle' });
      } else {
        go({ name: 'code', ...(await api.enrolTotp(text)) });
      }
    } catch (problem) {
      if (!(problem instanceof HttpError)) throw problem;
      setError(
        problem.code === 'wrong_credentials'
          ? t(step.name === 'code' ? 'signIn.wrongCode' : 'profile.wrongPassword')
          : errorText(problem.code),
      );
    }
  };
  if (isOn === undefined) return null;
  return (
    <section class="profile-card">
      <div class="profile-row">
        <div>
          <h3>{t('profile.totp')}</h3>
          <p>
            {t(isOn ? 'profile.totp.on' : 'profile.totp.off')} {isOn && t('profile.totp.left', { count: codesLeft })}
          </p>
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
              <a class="only-phone" href={step.uri}>
                {t('profile.totp.app')}
              </a>
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
          <FormError text={error} />
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
      {step.name === 'codes' && <RecoveryCodes codes={step.codes} onKept={() => go({ name: 'idle' })} />}
    </section>
  );
}

function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept(): void }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard?.writeText(codes.join('\n')).then(
      () => setCopied(true),
      () => undefined, // They can be read and written down.
    );
  return (
    <div class="totp">
      <div role="status">
        <p>{t('profile.totp.codes')}</p>
        <ul class="codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
      </div>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={copy}>
          {t(isCopied ? 'kept.copied' : 'kept.copy')}
        </button>
        <button type="button" class="button primary" onClick={onKept}>
          {t('profile.totp.kept')}
        </button>
      </div>
    </div>
  );
}
