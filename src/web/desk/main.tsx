/** Entry of /desk and /invite: decides between signing in, accepting an invitation and the desk itself. */
import { signal } from '@preact/signals';
import { render } from 'preact';
import { HttpError } from '../conversation/rest.ts';
import { TextsProvider } from '../ui/Texts.tsx';
import { api } from './api.ts';
import './desk.css';
import { DeskScreen } from './DeskScreen.tsx';
import { Desk } from './desk.ts';
import { Invitation } from './Invitation.tsx';
import { SignIn } from './SignIn.tsx';
import { language, t } from './texts.ts';

type Stage =
  | { readonly name: 'loading' }
  | { readonly name: 'signIn'; readonly wasSignedOut: boolean }
  | { readonly name: 'invitation'; readonly token: string }
  | { readonly name: 'desk'; readonly desk: Desk };

const stage = signal<Stage>({ name: 'loading' });
const RETRY_MS = 3_000;

/** Invitations come as /desk/#/invitation/<token> or /invite#<token>; the token stands behind # so that no log has it. */
function invitationToken(): string | undefined {
  return /^#(?:\/invitation\/)?(ci_[\w-]+)$/.exec(location.hash)?.[1];
}

async function enter(): Promise<void> {
  const token = invitationToken();
  if (token) {
    stage.value = { name: 'invitation', token };
    return;
  }
  try {
    const me = await api.me();
    stage.value = { name: 'desk', desk: new Desk(me, () => leave(true)) };
  } catch (error) {
    if (error instanceof HttpError && (error.status === 401 || error.status === 403)) stage.value = { name: 'signIn', wasSignedOut: false };
    else setTimeout(() => void enter(), RETRY_MS);
  }
}

function leave(wasSignedOut: boolean): void {
  if (stage.value.name === 'desk') stage.value.desk.close();
  stage.value = { name: 'signIn', wasSignedOut };
}

/** Everything here is same-origin: after the password the page is the desk's, at the place that was asked for. */
function entered(): void {
  history.replaceState(null, '', `/desk${invitationToken() ? '' : location.hash}`);
  void enter();
}

function App() {
  const now = stage.value;
  return (
    <TextsProvider value={{ t, language: language.value }}>
      {now.name === 'loading' && (
        <main class="splash">
          <p role="status">{t('loading')}</p>
        </main>
      )}
      {now.name === 'signIn' && <SignIn wasSignedOut={now.wasSignedOut} onDone={entered} />}
      {now.name === 'invitation' && <Invitation token={now.token} onDone={entered} />}
      {now.name === 'desk' && (
        <DeskScreen
          desk={now.desk}
          onSignOut={() =>
            void api.signOut().then(
              () => leave(false),
              () => leave(false),
            )
          }
        />
      )}
    </TextsProvider>
  );
}

const place = document.getElementById('desk');
if (place) render(<App />, place);
addEventListener('hashchange', () => invitationToken() && void enter());
void enter();
