/** The agent's own page: language, password, second factor, where one is signed in, signing out. */
import { useEffect, useState } from 'preact/hooks';
import { HttpError } from '../conversation/rest.ts';
import { Avatar } from '../ui/Avatar.tsx';
import { Icon } from '../ui/Icon.tsx';
import { now } from '../ui/now.ts';
import { age } from '../ui/time.ts';
import { api, type SignInSession } from './api.ts';
import { useDesk } from './context.ts';
import { deviceName, isPhone } from './device.ts';
import { LanguageChoice } from './LanguageChoice.tsx';
import { PasswordSection } from './PasswordSection.tsx';
import { PlaceLink } from './PlaceLink.tsx';
import { mayConfigure } from './rights.ts';
import { SecondFactorSection } from './SecondFactorSection.tsx';
import { errorText, language, t } from './texts.ts';

export function Profile({ onClose, onSignOut }: { onClose(): void; onSignOut(): void }) {
  const desk = useDesk();
  const { user, account } = desk.me;
  /** Changes of the password, after which other sessions have ended. */
  const [changes, setChanges] = useState(0);
  return (
    <div class="profile">
      <div class="profile-inner">
        <header class="profile-head">
          <Avatar name={user.name} id={user.id} size="lg" />
          <div>
            <h2>{user.name}</h2>
            <p>{account.name}</p>
          </div>
          <button type="button" class="button" onClick={onClose}>
            {t('profile.close')}
          </button>
        </header>
        <section class="profile-card profile-row">
          <h3>{t('profile.language')}</h3>
          <LanguageChoice />
        </section>
        {mayConfigure(desk.me) && (
          <PlaceLink to={{ name: 'admin', page: 'queues' }} class="profile-card profile-link">
            <Icon name="settings" />
            <span>
              <strong>{t('admin.title')}</strong>
              <span>{t('admin.hint')}</span>
            </span>
            <Icon name="forward" size={18} />
          </PlaceLink>
        )}
        <PasswordSection onChanged={() => setChanges(changes + 1)} />
        <SecondFactorSection />
        <Sessions key={changes} />
        <button type="button" class="button danger" onClick={onSignOut}>
          <Icon name="end" size={18} />
          {t('profile.signOut')}
        </button>
      </div>
    </div>
  );
}

function Sessions() {
  const desk = useDesk();
  const [sessions, setSessions] = useState<readonly SignInSession[]>([]);
  const load = () =>
    api.sessions().then(
      ({ items }) => setSessions(items),
      (error: unknown) => desk.toast(errorText(error instanceof HttpError ? error.code : 'internal')),
    );
  useEffect(() => void load(), []);
  const revoke = (act: Promise<unknown>) =>
    void act.catch((error: unknown) => desk.toast(errorText(error instanceof HttpError ? error.code : 'internal'))).then(load);
  return (
    <section class="profile-card">
      <h3>{t('profile.sessions')}</h3>
      <ul class="sessions">
        {sessions.map((session) => (
          <li key={session.id}>
            <span class="file-icon">
              <Icon name={isPhone(session.userAgent) ? 'person' : 'monitor'} />
            </span>
            <span class="row-words">
              <strong>{deviceName(session.userAgent)}</strong>
              <span>
                {session.isCurrent
                  ? t('profile.this')
                  : t('profile.lastSeen', { time: age(session.lastSeenAt, now.value, language.value) })}{' '}
                · {session.ip}
              </span>
            </span>
            {!session.isCurrent && (
              <button type="button" class="button" onClick={() => revoke(api.revokeSession(session.id))}>
                {t('profile.revoke')}
              </button>
            )}
          </li>
        ))}
      </ul>
      {sessions.length > 2 && (
        <button type="button" class="button quiet" onClick={() => revoke(api.revokeOthers())}>
          {t('profile.revokeAll')}
        </button>
      )}
    </section>
  );
}
