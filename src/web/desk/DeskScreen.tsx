/** The desk: rail, lists, conversation, client card, and the places beside them. On a phone one of them at a time, with a way back. */
import { useEffect } from 'preact/hooks';
import { LinkBanner } from '../conversation/LinkBanner.tsx';
import type { LinkState } from '../socket/socketClient.ts';
import { Icon } from '../ui/Icon.tsx';
import { ConversationPane } from './ConversationPane.tsx';
import { DeskContext, useDesk } from './context.ts';
import type { Desk } from './desk.ts';
import { Lazy } from './Lazy.tsx';
import { LeaveDialog } from './LeaveDialog.tsx';
import { ListPane } from './ListPane.tsx';
import { Profile } from './Profile.tsx';
import { go, type Place, place } from './place.ts';
import { Rail } from './Rail.tsx';
import { mayConfigure, maySupervise } from './rights.ts';
import { rowsOf } from './rows.ts';
import { t } from './texts.ts';
import { CornerCall, SecondCallDialog } from './VideoCall.tsx';

export function DeskScreen({ desk, onSignOut }: { desk: Desk; onSignOut(): void }) {
  const unread = rowsOf('mine', desk.rows.all.value, desk.me.user.id).reduce((sum, row) => sum + row.unread, 0);
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${t('title')} · ${desk.me.account.name || 'Centralino'}`;
  }, [unread]);
  const here = allowed(place.value, desk);
  const view = here.name !== 'desk' ? 'screen' : desk.openId.value !== undefined ? 'conversation' : 'list';
  return (
    <DeskContext.Provider value={desk}>
      <div class={`desk shows-${view}`}>
        <Rail here={here} />
        <main class="desk-main">
          <h1 class="sr-only">{t('title')}</h1>
          <div class="desk-banner">
            <LinkBanner
              state={desk.socket.state.value}
              refusedText={refusal(desk.socket.state.value)}
              onRetry={() => desk.socket.retryNow()}
            />
          </div>
          <Here place={here} onSignOut={onSignOut} />
          <CornerCall />
          <SecondCallDialog />
          <LeaveDialog />
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

/** Whoever is in no queue yet has no desk to open: a new colleague, as a rule. */
const refusal = (state: LinkState): string => t(state.name === 'refused' && state.code === 'forbidden' ? 'desk.noQueue' : 'signIn.again');

/** An address may have been given by somebody who may more. */
function allowed(wanted: Place, desk: Desk): Place {
  if (wanted.name === 'admin' && !mayConfigure(desk.me)) return { name: 'desk' };
  if (wanted.name === 'overview' && !maySupervise(desk.me)) return { name: 'desk' };
  return wanted;
}

function Here({ place: here, onSignOut }: { place: Place; onSignOut(): void }) {
  const desk = useDesk();
  switch (here.name) {
    case 'profile':
      return <Profile onClose={() => go({ name: 'desk' })} onSignOut={onSignOut} />;
    case 'calls':
      return (
        <Lazy
          key="calls"
          load={async () => (await import('../calls/CallHistory.tsx')).CallHistory}
          props={{ interaction: here.interaction }}
        />
      );
    case 'overview':
      return <Lazy key="overview" load={async () => (await import('../supervise/Overview.tsx')).Overview} props={{ queue: here.queue }} />;
    case 'routing':
      return (
        <Lazy
          key={here.interaction}
          load={async () => (await import('../supervise/RoutingScreen.tsx')).RoutingScreen}
          props={{ interaction: here.interaction }}
        />
      );
    case 'admin':
      return (
        <Lazy
          key="admin"
          load={async () => (await import('../admin/AdminScreen.tsx')).AdminScreen}
          props={{ page: here.page, id: here.id }}
        />
      );
    case 'desk':
      return (
        <>
          <ListPane />
          <ConversationPane key={desk.openId.value ?? ''} />
        </>
      );
  }
}
