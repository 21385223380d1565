/** ACC-2: the first access. Says who invites whom, takes the new password twice, and signs in. */
import { useEffect, useState } from 'preact/hooks';
import { HttpError } from '../conversation/rest.ts';
import { api } from './api.ts';
import { EntryCard } from './EntryCard.tsx';
import { FormError } from './FormError.tsx';
import { NewPasswordFields, NO_PASSWORD, troubleOf } from './NewPasswordFields.tsx';
import { t } from './texts.ts';

export function Invitation({ token, onDone }: { token: string; onDone(): void }) {
  const [invited, setInvited] = useState<{ accountName: string; email: string; name: string }>();
  const [problem, setProblem] = useState('');
  useEffect(() => {
    void api
      .readInvitation(token)
      .then(setInvited, (error: unknown) =>
        setProblem(error instanceof HttpError && error.status === 0 ? t('signIn.unreachable') : t('invite.gone')),
      );
  }, [token]);
  if (problem) {
    return (
      <EntryCard title="Centralino">
        <p class="form-error" role="alert">
          {problem}
        </p>
        <a class="button primary wide" href="/desk">
          {t('invite.toSignIn')}
        </a>
      </EntryCard>
    );
  }
  if (!invited)
    return (
      <main class="splash">
        <p role="status">{t('loading')}</p>
      </main>
    );
  return (
    <EntryCard title={t('invite.title', { name: invited.name.split(' ')[0] ?? invited.name })}>
      <p class="entry-hint">{t('invite.hint', { account: invited.accountName, email: invited.email })}</p>
      <PasswordForm token={token} email={invited.email} onDone={onDone} onGone={() => setProblem(t('invite.gone'))} />
    </EntryCard>
  );
}

function PasswordForm({ token, email, onDone, onGone }: { token: string; email: string; onDone(): void; onGone(): void }) {
  const [chosen, setChosen] = useState(NO_PASSWORD);
  const [error, setError] = useState('');
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const trouble = troubleOf(chosen);
    setError(trouble);
    if (trouble) return;
    setBusy(true);
    try {
      const { stage } = await api.acceptInvitation(token, chosen.password);
      // With a second factor the sign-in page asks for the code.
      if (stage === 'full') onDone();
      else location.assign('/desk');
    } catch (problem) {
      if (!(problem instanceof HttpError)) throw problem;
      setBusy(false);
      if (problem.code === 'gone') onGone();
      else setError(problem.status === 0 ? t('signIn.unreachable') : t('invite.weak', { detail: problem.message }));
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <input type="email" class="sr-only" autocomplete="username" value={email} readOnly tabIndex={-1} aria-hidden="true" />
      <NewPasswordFields value={chosen} onChange={setChosen} isFocused />
      <FormError text={error} />
      <button type="submit" class="button primary wide" disabled={isBusy}>
        {t('invite.go')}
      </button>
    </form>
  );
}
