/** RTE-4, RTE-7: what the agent is doing, and one menu to sign in to queues, pause with a reason, and sign out. */
import type { DeskKey } from '../i18n/desk.en.ts';
import { newKey } from '../socket/socketClient.ts';
import type { AgentView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { MenuButton } from '../ui/MenuButton.tsx';
import { now } from '../ui/now.ts';
import { lasting } from '../ui/time.ts';
import { useDesk } from './context.ts';
import { language, t } from './texts.ts';

const REASONS = ['pause.break', 'pause.lunch', 'pause.meeting', 'pause.training', 'pause.backOffice'] as const satisfies readonly DeskKey[];

export function dotOf(status: AgentView['status']): 'on' | 'off' | 'pause' {
  if (status === 'signed_out') return 'off';
  return status === 'paused' || status === 'wrap_up' ? 'pause' : 'on';
}

export function StatusMenu() {
  const desk = useDesk();
  const agent = desk.agent.value;
  if (!agent) return null;
  const reason = agent.pauseReason === 'no_answer' ? t('status.noAnswer') : agent.pauseReason;
  const face = (
    <>
      <span class="sr-only">{t('status.yours')}</span>
      <i class={`dot dot-${dotOf(agent.status)}`} />
      <span class="status-words">
        {t(`status.${agent.status}`)}
        {reason && agent.status === 'paused' ? ` · ${reason}` : ''}
      </span>
      <time>{lasting(agent.since, now.value, language.value)}</time>
      <Icon name="down" size={16} />
    </>
  );
  return (
    <MenuButton class="status-button" label={t('status.yours')} isFaceNamed menuClass="status-menu" face={face}>
      {(close) => <Items agent={agent} onDone={close} />}
    </MenuButton>
  );
}

function Items({ agent, onDone }: { agent: AgentView; onDone(): void }) {
  const desk = useDesk();
  const act = (frame: Parameters<typeof desk.run>[0]) => () => {
    onDone();
    void desk.run(frame);
  };
  const signedIn = agent.queues.filter((queue) => queue.isSignedIn);
  const isPaused = agent.status === 'paused';
  return (
    <>
      {signedIn.length < agent.queues.length && (
        <button type="button" role="menuitem" onClick={act({ t: 'agent.signIn', key: newKey() })}>
          <Icon name="play" size={18} />
          {t('status.signIn')}
        </button>
      )}
      {isPaused && (
        <button type="button" role="menuitem" onClick={act({ t: 'agent.resume', key: newKey() })}>
          <Icon name="play" size={18} />
          {t('status.resume')}
        </button>
      )}
      {signedIn.length > 0 && !isPaused && (
        // biome-ignore lint/a11y/useSemanticElements: a group of menu items; a fieldset has no place in a menu
        <div role="group" aria-label={t('status.pause')}>
          <p class="menu-title" aria-hidden="true">
            {t('status.pause')}
          </p>
          {REASONS.map((reason) => (
            <button key={reason} type="button" role="menuitem" onClick={act({ t: 'agent.pause', key: newKey(), reason: t(reason) })}>
              <Icon name="pause" size={18} />
              {t(reason)}
            </button>
          ))}
        </div>
      )}
      {agent.queues.length > 1 && (
        // biome-ignore lint/a11y/useSemanticElements: a group of menu items; a fieldset has no place in a menu
        <div role="group" aria-label={t('status.queues')}>
          <p class="menu-title" aria-hidden="true">
            {t('status.queues')}
          </p>
          {agent.queues.map((queue) => (
            <button
              key={queue.id}
              type="button"
              role="menuitemcheckbox"
              aria-checked={queue.isSignedIn}
              onClick={act({ t: queue.isSignedIn ? 'agent.signOut' : 'agent.signIn', key: newKey(), queues: [queue.id] })}
            >
              <span class={queue.isSignedIn ? 'tick is-on' : 'tick'}>{queue.isSignedIn && <Icon name="check" size={14} />}</span>
              {queue.name}
            </button>
          ))}
        </div>
      )}
      {signedIn.length > 0 && (
        <button type="button" role="menuitem" class="is-danger" onClick={act({ t: 'agent.signOut', key: newKey() })}>
          <Icon name="end" size={18} />
          {t('status.signOut')}
        </button>
      )}
    </>
  );
}
