/** The desk: rail, lists, conversation, client card. On a phone one of them at a time, with a way back. */
import { useEffect, useState } from 'preact/hooks';
import { LinkBanner } from '../conversation/LinkBanner.tsx';
import { Icon } from '../ui/Icon.tsx';
import { ConversationPane } from './ConversationPane.tsx';
import { DeskContext } from './context.ts';
import type { Desk } from './desk.ts';
import { ListPane } from './ListPane.tsx';
import { Profile } from './Profile.tsx';
import { Rail } from './Rail.tsx';
import { rowsOf } from './rows.ts';
import { t } from './texts.ts';

export function DeskScreen({ desk, onSignOut }: { desk: Desk; onSignOut(): void }) {
  const [isProfile, setProfile] = useState(false);
  const unread = rowsOf('mine', desk.rows.all.value, desk.me.user.id).reduce((sum, row) => sum + row.unread, 0);
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${t('title')} · ${desk.me.account.name || 'Centralino'}`;
  }, [unread]);
  const view = isProfile ? 'profile' : desk.openId.value !== undefined ? 'conversation' : 'list';
  return (
    <DeskContext.Provider value={desk}>
      <div class={`desk shows-${view}`}>
        <Rail isProfile={isProfile} onProfile={setProfile} />
        <main class="desk-main">
          <h1 class="sr-only">{t('title')}</h1>
          <div class="desk-banner">
            <LinkBanner state={desk.socket.state.value} refusedText={t('signIn.again')} onRetry={() => desk.socket.retryNow()} />
          </div>
          {isProfile ? (
            <Profile onClose={() => setProfile(false)} onSignOut={onSignOut} />
          ) : (
            <>
              <ListPane />
              <ConversationPane key={desk.openId.value ?? ''} />
            </>
          )}
          <div class="toasts" role="alert">
            {desk.toasts.value.map((toast) => (
              <div key={toast.id} class="toast">
                <Icon name="alert" size={18} />
                <span>{toast.text}</span>
                <button type="button" class="icon-button small" aria-label={t('dismiss')} onClick={() => desk.dismiss(toast.id)}>
                  <Icon name="close" size={16} />
                </button>
              </div>
            ))}
          </div>
        </main>
      </div>
    </DeskContext.Provider>
  );
}
