/** ACC-2: e-mail and password, then the second factor where it is on. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { HttpError } from '../conversation/rest.ts';
import { api } from './api.ts';
import { EntryCard } from './EntryCard.tsx';
import { Field } from './Field.tsx';
import { t } from './texts.ts';

export function SignIn({ wasSignedOut, onDone }: { wasSignedOut: boolean; onDone(): void }) {
  const [isSecond, setSecond] = useState(false);
  return isSecond ? (
    <SecondFactor onDone={onDone} onBack={() => setSecond(false)} />
  ) : (
    <Password wasSignedOut={wasSignedOut} onDone={onDone} onSecond={() => setSecond(true)} />
  );
}

function Password({ wasSignedOut, onDone, onSecond }: { wasSignedOut: boolean; onDone(): void; onSecond(): void }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { error, isBusy, submit } = useSubmit('signIn.wrong', async () => {
    const { stage } = await api.signIn(email.trim(), password);
    if (stage === 'full') onDone();
    else onSecond();
  });
  return (
    <EntryCard title={t('signIn.title')}>
      {wasSignedOut && !error && (
        <p class="hint-box" role="status">
          {t('signIn.again')}
        </p>
      )}
      <form onSubmit={submit}>
        <Field label={t('signIn.email')} type="email" autocomplete="username" value={email} onInput={setEmail} isFocused />
        <Field label={t('signIn.password')} type="password" autocomplete="current-password" value={password} onInput={setPassword} />
        {error && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="button primary wide" disabled={isBusy}>
          {t('signIn.go')}
        </button>
      </form>
    </EntryCard>
  );
}

function SecondFactor({ onDone, onBack }: { onDone(): void; onBack(): void }) {
  const [code, setCode] = useState('');
  const { error, isBusy, submit } = useSubmit('signIn.wrongCode', async () => {
    await api.secondFactor(code.trim());
    onDone();
  });
  return (
    <EntryCard title={t('signIn.code.title')}>
      <p class="entry-hint">{t('signIn.code.hint')}</p>
      <form onSubmit={submit}>
        <Field label={t('signIn.code')} type="text" autocomplete="one-time-code" value={code} onInput={setCode} isFocused />
        {error && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="button primary wide" disabled={isBusy}>
          {t('signIn.code.go')}
        </button>
        <button type="button" class="button quiet wide" onClick={onBack}>
          {t('signIn.other')}
        </button>
      </form>
    </EntryCard>
  );
}

/** A form's sending: one at a time, and what went wrong in words. */
function useSubmit(wrong: 'signIn.wrong' | 'signIn.wrongCode', act: () => Promise<void>) {
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const isHere = useRef(true);
  useEffect(
    () => () => {
      isHere.current = false;
    },
    [],
  );
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError('');
    void act()
      .catch((problem: unknown) => setError(entryError(problem, wrong)))
      .finally(() => isHere.current && setBusy(false));
  };
  return { error, isBusy, submit };
}

function entryError(problem: unknown, wrong: 'signIn.wrong' | 'signIn.wrongCode'): string {
  if (!(problem instanceof HttpError)) throw problem;
  if (problem.code === 'rate_limited') return t('signIn.limited', { minutes: Math.max(1, Math.ceil(Number(problem.message) / 60) || 15) });
  return problem.status === 0 || problem.status >= 500 ? t('signIn.unreachable') : t(wrong);
}
